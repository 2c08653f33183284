"""What the kernel knows of a process and its descendants: CPU time, memory, how often they were woken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_TIMES = slice(11, 15)
"""utime, stime, cutime and cstime of proc_pid_stat(5), counted from behind the name: the reaped children's included."""


def family(pid: int) -> Iterator[int]:
    """The process and its descendants, as far as they live."""
    yield pid
    for task in _entries(Path(f"/proc/{pid}/task")):
        for child in _read(task / "children").split():
            yield from family(int(child))


def cpu_seconds(pid: int) -> float:
    """CPU seconds of the family so far."""
    return sum(map(_cpu, family(pid)))


def pss_mib(pid: int) -> float:
    """Proportional set size of the family, in MiB: a page that n processes share counts as 1/n for each."""
    return sum(_field(f"/proc/{one}/smaps_rollup", "Pss:") for one in family(pid)) / 1024


def voluntary_switches(pid: int) -> int:
    """How often the family's threads gave up a CPU to wait: each one is a wake-up, sooner or later."""
    threads = [task for one in family(pid) for task in _entries(Path(f"/proc/{one}/task"))]
    return sum(_field(str(task / "status"), "voluntary_ctxt_switches:") for task in threads)


def count(pid: int) -> str:
    """Processes and threads of the family, as "2/3"."""
    members = list(family(pid))
    return f"{len(members)}/{sum(len(_entries(Path(f'/proc/{one}/task'))) for one in members)}"


def _cpu(pid: int) -> float:
    words = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, words[_TIMES])) * _TICK


def _field(path: str, name: str) -> int:
    lines = (line.split() for line in _read(Path(path)).splitlines())
    return next((int(words[1]) for words in lines if words and words[0] == name), 0)


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return []


def _read(path: Path) -> str:
    """The text of a file of /proc; empty when its process has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
