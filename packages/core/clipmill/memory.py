"""How much memory a process has, and whether a child is worn: to be replaced between two steps."""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

STEPS_PER_CHILD = 200
"""No library that decodes strangers' videos is trusted for longer ..."""
LEAST_SECONDS = 60
"""... but for so long: a new child costs as much as hundreds of steps that are over in an instant."""
_SECONDS_BETWEEN_LOOKS = 0.1

_WINDOW = 10
_LEAK_PER_STEP = 2 << 20

_PAGE = os.sysconf("SC_PAGE_SIZE")


def rss(pid: int) -> int:
    """Resident bytes of a process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


class Wear:
    """What a child has been through since it started."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._looked = float("-inf")
        self._steps = 0
        self._sizes: deque[int] = deque(maxlen=_WINDOW + 1)

    def add(self, size: Callable[[], int]) -> None:
        """One more step; `size` gives the resident bytes after it, and is not asked a thousand times a second."""
        self._steps += 1
        now = self._clock()
        if now - self._looked >= _SECONDS_BETWEEN_LOOKS:
            self._looked = now
            self._sizes.append(size())

    def reason_to_replace(self, *, limit: int) -> str | None:
        """Why it should be replaced; None while it may serve on. `limit`: resident bytes that it may hold."""
        if self._steps >= STEPS_PER_CHILD and self._clock() - self._start >= LEAST_SECONDS:
            return f"it has served {self._steps} steps"
        if self._sizes and self._sizes[-1] > limit:
            return f"it holds {self._sizes[-1] >> 20} MiB, more than {limit >> 20} MiB"
        if self._keeps_growing():
            return f"it grew by {(self._sizes[-1] - self._sizes[0]) >> 20} MiB over {_WINDOW} steps"
        return None

    def _keeps_growing(self) -> bool:
        """Over the last ten looks with nearly every one, by 2 MiB a step on average: a cache that fills stops, a leak
        does not."""
        if len(self._sizes) <= _WINDOW or self._sizes[-1] - self._sizes[0] <= _LEAK_PER_STEP * _WINDOW:
            return False
        return sum(later > earlier for earlier, later in itertools.pairwise(self._sizes)) >= _WINDOW - 1
