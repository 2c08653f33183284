"""The handler of the fault suite: does what the kind of a job asks for, and tells the suite when it begins and ends."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable

from clipmill.messages import Artifact, Step
from clipmill.outcome import Done, Outcome, Reject, Retry
from clipmill.reach import unconfined
from clipmill.workspace import Workspace

DESK = "desk.sock"
"""The suite's socket, beside the store."""

_PATIENCE = 20
_TICK = 0.1


@unconfined
def handle(step: Step, workspace: Workspace) -> Outcome:
    """Work, between a word at the beginning and one at the end; the suite may let us wait for its answer."""
    _tell("begin", step, workspace)
    outcome = _WAYS[_kind(step)](step, workspace)
    _tell("end", step, workspace)
    return outcome


def _kind(step: Step) -> str:
    return str(step.link).rpartition(":")[2]


def _tell(what: str, step: Step, workspace: Workspace) -> None:
    committed = workspace.store.manifest(step.id) is not None
    word = {"what": what, "step": step.id, "attempt": step.attempt, "child": os.getpid(), "worker": os.getppid()}
    with socket.socket(socket.AF_UNIX) as desk:
        desk.settimeout(_PATIENCE)
        desk.connect(str(workspace.store.root.parent / DESK))
        desk.sendall(json.dumps(word | {"committed": committed}).encode() + b"\n")
        desk.recv(1)


def _quick(step: Step, workspace: Workspace) -> Outcome:
    return Done()


def _slow(step: Step, workspace: Workspace) -> Outcome:
    """Takes its time and tells how far it is."""
    ticks = max(1, round(step.options["seconds"] / _TICK))
    for tick in range(ticks):
        workspace.progress(100 * tick / ticks, "chaos")
        time.sleep(_TICK)  # the work itself
    return Done((_artifact(workspace, 0),))


def _artifacts(step: Step, workspace: Workspace) -> Outcome:
    """Some files, other ones on each run: files of two runs that got mixed would match no manifest."""
    for number in range(step.options["clutter"]):
        (workspace.path / f"fragment-{number}").write_bytes(b"x" * 100)
    return Done(tuple(_artifact(workspace, number) for number in range(step.options["files"])))


def _pipeline(step: Step, workspace: Workspace) -> Outcome:
    """Two files to begin with, and one from each of them in the tiers that follow."""
    count = 1 if workspace.source else 2
    return Done(tuple(_artifact(workspace, number) for number in range(count)))


def _inbox(step: Step, workspace: Workspace) -> Outcome:
    assert workspace.source
    path = workspace.path / "taken.bin"
    path.write_bytes(workspace.source.read_bytes())
    return Done((workspace.artifact(path),))


def _failing(step: Step, workspace: Workspace) -> Outcome:
    """Fails a few times, leaving something behind, and then does not."""
    (workspace.path / "half").write_text("half")
    if step.attempt <= step.options["times"]:
        return Retry("the site is down", "network")
    return Done((_artifact(workspace, 0),))


def _rejecting(step: Step, workspace: Workspace) -> Outcome:
    (workspace.path / "half").write_text("half")
    return Reject("there is no video", "unsupported")


def _poison_child(step: Step, workspace: Workspace) -> Outcome:
    (workspace.path / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def _poison_worker(step: Step, workspace: Workspace) -> Outcome:
    (workspace.path / "half").write_text("half")
    _tell("poison", step, workspace)  # the suite does it: the sandbox lets no child end its worker
    time.sleep(_PATIENCE)  # until the kernel ends us with it
    raise AssertionError("the child outlived its worker")


def _artifact(workspace: Workspace, number: int) -> Artifact:
    path = workspace.path / f"artifact-{number}.bin"
    path.write_bytes(os.urandom(2000 + number * 3000))
    return workspace.artifact(path, number=number)


_WAYS: dict[str, Callable[[Step, Workspace], Outcome]] = {
    "quick": _quick,
    "anonymous": _quick,
    "slow": _slow,
    "artifacts": _artifacts,
    "duplicate": _artifacts,
    "cancelled": _slow,
    "pipeline": _pipeline,
    "inbox": _inbox,
    "failing": _failing,
    "rejecting": _rejecting,
    "poison-child": _poison_child,
    "poison-worker": _poison_worker,
}
