"""Whether this process grows out of its unit: over its share of MemoryMax=, or on a line that soon leads there."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from clipmill import cgroup, memory
from clipmill.pulse import pulse

LOOK_SECONDS = 30
"""As the reference has it."""

_SHARE = 0.5
"""Of the unit's memory; the rest is the child's and its programs'."""
_WINDOW = 40
"""Looks that make a line: 20 minutes, in which what fills once has filled."""
_AHEAD = 120
"""Looks that the line is followed into the future: an hour."""


class Growth:
    """What a process has held, look by look, under a limit in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._sizes: deque[int] = deque(maxlen=_WINDOW)

    def add(self, size: int) -> str | None:
        """One more look; why the process should make room for a fresh one, or None."""
        self._sizes.append(size)
        if size > self._limit:
            return f"it holds {size >> 20} MiB, more than {self._limit >> 20} MiB"
        if len(self._sizes) == _WINDOW and size + _AHEAD * self._slope() > self._limit:
            return f"it leaks: {self._slope() * 3600 / LOOK_SECONDS / (1 << 20):.0f} MiB an hour, {size >> 20} MiB now"
        return None

    def _slope(self) -> float:
        """Bytes a look, as the straight line has it that fits best (least squares; `statistics` would weigh 2 MiB)."""
        middle = (len(self._sizes) - 1) / 2
        distances = [look - middle for look in range(len(self._sizes))]
        return sum(d * size for d, size in zip(distances, self._sizes, strict=True)) / sum(d * d for d in distances)


async def until_worn() -> str:
    """Look at this process every 30 s until it should be replaced; why. For ever where no unit sets a limit."""
    growth = Growth(int(_SHARE * min(_limits(), default=1 << 62)))
    while not (reason := growth.add(memory.rss(os.getpid()))):
        await pulse(LOOK_SECONDS)
    return reason


def _limits(root: Path = cgroup.ROOT, membership: Path = cgroup.MEMBERSHIP) -> Iterator[int]:
    """Every limit on memory between our own cgroup and the root of the tree, in bytes."""
    for folder in cgroup.folders("memory", root, membership):
        for name in ("memory.max", "memory.limit_in_bytes"):
            # "max", or a file that is not there, sets none
            with contextlib.suppress(OSError, ValueError):
                yield int((folder / name).read_text())
