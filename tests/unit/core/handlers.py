"""Handlers for the worker's tests: what a service's handler may do, good and bad."""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from clipmill.messages import Step
from clipmill.outcome import Cancelled, Done, Outcome, Reject, Retry, ToolError
from clipmill.reach import unconfined
from clipmill.workspace import Workspace


@unconfined
def two_files(step: Step, workspace: Workspace) -> Outcome:
    """Two artifacts, and a line a run in `runs` beside the store."""
    with (workspace.store.root / "runs").open("a") as runs:
        runs.write(f"{step.id}\n")
    artifacts = []
    for name in ("a.txt", "b.txt"):
        (workspace.path / name).write_text(f"{name} of {step.link}")
        artifacts.append(workspace.artifact(workspace.path / name, title=f"Title of {name}"))
    workspace.progress(50, "half")
    return Done(tuple(artifacts))


def behave(step: Step, workspace: Workspace) -> Outcome:
    """Does what the step's link says."""
    return _WAYS[str(step.link)](workspace)


def _wait(workspace: Workspace) -> Outcome:
    """Until the test makes the file `go`; a process of its own marks the workspace meanwhile."""
    go = workspace.store.root / "go"
    while not go.exists():
        time.sleep(0.01)
    return Done()


def _half(workspace: Workspace) -> Outcome:
    workspace.progress(49)
    workspace.progress(50, "half")
    return _wait(workspace)


def _grow(workspace: Workspace) -> Outcome:
    """Writes 20 MiB, and keeps them until the test makes the file `go`."""
    (workspace.path / "half").write_bytes(bytes(20 << 20))
    workspace.progress(50)
    return _wait(workspace)


def _fill(workspace: Workspace) -> Outcome:
    """Writes until the disk is full."""
    with (workspace.path / "half").open("wb") as file:
        while True:
            file.write(bytes(1 << 20))


def _unmask(workspace: Workspace) -> Outcome:
    """Finds its source corrupt as soon as the disk is full, or the test makes the file `go`."""
    store = workspace.store
    while store.disk().free and not (store.root / "go").exists():
        time.sleep(0.01)
    return Reject("invalid data found", "corrupt")


def _segfault(_: Workspace) -> Outcome:
    ctypes.string_at(0)
    raise AssertionError("unreachable")


def _kill(_: Workspace) -> Outcome:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def _exit(_: Workspace) -> Outcome:
    os._exit(3)


def _raise(_: Workspace) -> Outcome:
    raise ZeroDivisionError("nobody expected this")


def _tool_error(_: Workspace) -> Outcome:
    raise ToolError("the tool is broken for good", permanent=True, cause="corrupt")


def _gabble(_: Workspace) -> Outcome:
    """Writes to every descriptor it has, as a library that prints might."""
    print("noise on standard output", flush=True)
    for descriptor in Path("/proc/self/fd").iterdir():
        if int(descriptor.name) > 2 and (descriptor.is_socket() or descriptor.is_fifo()):
            os.write(int(descriptor.name), b"not json\n")
    # had it ended well before it is killed for that, its manifest would count: success wins
    signal.pause()
    return Done()


_WAYS: dict[str, Callable[[Workspace], Outcome]] = {
    "done": lambda _: Done(),
    "retry": lambda _: Retry("the site is down", "network"),
    "reject": lambda _: Reject("there is no video", "unsupported"),
    "cancelled": lambda _: Cancelled("nobody wants it"),
    "wait": _wait,
    "half": _half,
    "grow": _grow,
    "fill": _fill,
    "unmask": _unmask,
    "segfault": _segfault,
    "kill": _kill,
    "exit": _exit,
    "raise": _raise,
    "tool": _tool_error,
    "gabble": _gabble,
}
