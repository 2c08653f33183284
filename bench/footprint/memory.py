"""The memory of a family of processes as if nothing else ran on the machine: each shared page counted once, whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench import processes


def alone_mib(pid: int) -> float:
    """In MiB. PSS would count a page of libc or of Python that other programs map as well by a fraction only."""
    files: dict[str, int] = {}
    private = 0
    for one in processes.family(pid):
        for name, rss, anonymous in _mappings(one):
            private += anonymous
            files[name] = max(files.get(name, 0), rss - anonymous)
    return (private + sum(files.values())) / 1024


def _mappings(pid: int) -> Iterator[tuple[str, int, int]]:
    """(file and offset, resident KiB, of which anonymous) of each mapping of a process (proc_pid_smaps(5))."""
    name, rss = "", 0
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            name = " ".join([words[2], *words[5:]])
        elif words[0] == "Rss:":
            rss = int(words[1])
        elif words[0] == "Anonymous:":
            yield name, rss, int(words[1])
