"""The handler of these proofs: does what the link of a step says, and writes down each run."""

import os
import signal
import time
from collections.abc import Callable

from clipmill.messages import Step
from clipmill.outcome import Done, Outcome
from clipmill.workspace import Workspace

RUNS, RELEASE = "runs", "release"
"""Beside the store's folders: a line for each run of the handler, and the file for which a waiting one waits."""

_PATIENCE_SECONDS = 120


def handle(step: Step, workspace: Workspace) -> Outcome:
    """A line at the beginning of a run: step, attempt, the worker's process, and when."""
    with (workspace.store.root / RUNS).open("a") as runs:
        runs.write(f"{step.id} {step.attempt} {os.getppid()} {os.getpid()} {time.time()}\n")
    way, _, seconds = str(step.link).partition(":")
    return _WAYS.get(way, _good)(workspace, seconds)


def _good(_workspace: Workspace, _seconds: str) -> Outcome:
    return Done()


def _slow(_workspace: Workspace, seconds: str) -> Outcome:
    time.sleep(float(seconds))  # the work itself
    return Done()


def _waiting(workspace: Workspace, _seconds: str) -> Outcome:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (workspace.store.root / RELEASE).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return Done()


def _kill_child(_workspace: Workspace, _seconds: str) -> Outcome:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def _kill_worker(_workspace: Workspace, _seconds: str) -> Outcome:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(_PATIENCE_SECONDS)  # until the kernel ends us with it
    raise AssertionError("the child outlived its worker")


_WAYS: dict[str, Callable[[Workspace, str], Outcome]] = {
    "slow": _slow,
    "waiting": _waiting,
    "kill-child": _kill_child,
    "kill-worker": _kill_worker,
}
