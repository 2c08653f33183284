"""The last hour, kept in memory: which steps ended, how many crashes there were, how the parking lots grew. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from clipmill_manager.step_end import StepEnd

WINDOW_MS = 3_600_000
_MOST_ENDS = 50_000


class Recent:
    """What happened within the window."""

    def __init__(self) -> None:
        self._ends: deque[StepEnd] = deque(maxlen=_MOST_ENDS)
        self.last_end: int | None = None
        """When the last step ended, within the window or before it."""

    def take(self, ends: Iterable[StepEnd]) -> None:
        """Steps that have just ended."""
        for end in ends:
            self._ends.append(end)
            self.last_end = max(self.last_end or 0, end.at)

    def ends(self, now: int, *, within: int = WINDOW_MS) -> list[StepEnd]:
        """The steps that ended within so many milliseconds."""
        while self._ends and self._ends[0].at < now - WINDOW_MS:
            self._ends.popleft()
        return [end for end in self._ends if end.at >= now - within]


class Growth:
    """How much a number has grown within the window."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque()

    def see(self, number: int, now: int) -> int:
        """Take the number as it is now; by how much it is more than at the beginning of the window."""
        while self._samples and self._samples[0][0] < now - WINDOW_MS:
            self._samples.popleft()
        if not self._samples or self._samples[-1][1] != number:
            self._samples.append((now, number))
        return number - self._samples[0][1]
