"""A process and all that descend from it, ended together: also what has left its group, and what forks on and on."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path


def end(pid: int) -> None:
    """Kill the process `pid` and its descendants. Whoever started `pid` reaps it."""
    _freeze(pid)
    for member in (*_descendants(pid), pid):
        _signal(member, signal.SIGKILL)


def end_descendants() -> None:
    """Kill and reap all that descend from this process, which has adopted its orphans (prctl.adopt_orphans)."""
    while children := list(_children(os.getpid())):
        for child in children:
            _freeze(child)
            for member in (*_descendants(child), child):
                _signal(member, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def _freeze(pid: int) -> None:
    """Stop them all before the first is killed: one killed makes room for another fork, one stopped does not."""
    stopped: set[int] = set()
    while list(_stop(pid, stopped)):
        pass


def _stop(pid: int, stopped: set[int]) -> Iterator[int]:
    """Those that were not stopped yet, each on sight: the fewer still run, the sooner this process has its turn."""
    if pid not in stopped:
        _signal(pid, signal.SIGSTOP)
        stopped.add(pid)
        yield pid
    for child in _children(pid):
        yield from _stop(child, stopped)


def _descendants(pid: int) -> Iterator[int]:
    """The youngest generations first, so that nobody is orphaned by the death of a parent."""
    for child in _children(pid):
        yield from _descendants(child)
        yield child


def _children(pid: int) -> Iterator[int]:
    """Nothing once it is gone (or while /proc is hidden: then its group, killed by others, is all that can be had)."""
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (thread / "children").read_text().split())


def _signal(pid: int, name: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, name)
