"""A handler whose attempts end when, and as, the state machine's test wants it."""

import os
import signal
import time

from clipmill.messages import Step
from clipmill.outcome import Done, Outcome, Reject, Retry
from clipmill.reach import unconfined
from clipmill.workspace import Workspace


@unconfined
def handle(step: Step, workspace: Workspace) -> Outcome:
    """Wait for the gate of this attempt, then do what the message says for it; nothing said: done."""
    _note_if_done_before(step, workspace)
    (workspace.path / "half").touch()
    gates = workspace.store.root / "gates"
    while not (gates / "open").exists() and not (gates / f"{step.job_id}.{step.attempt}").exists():
        time.sleep(0.002)  # nothing but the file tells
    verdicts = dict(enumerate(step.options["verdicts"], 1))
    return _end(verdicts.get(step.attempt, "done"), workspace)


def _note_if_done_before(step: Step, workspace: Workspace) -> None:
    if workspace.store.manifest(step.id):
        (workspace.store.root / "gates" / f"{step.job_id}.again").touch()


def _end(verdict: str, workspace: Workspace) -> Outcome:
    if verdict == "retry":
        return Retry("the site is down", "network")
    if verdict == "reject":
        return Reject("there is no video", "unsupported")
    if verdict == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    path = workspace.path / "artifact"
    path.write_bytes(os.urandom(100))
    return Done((workspace.artifact(path),))
