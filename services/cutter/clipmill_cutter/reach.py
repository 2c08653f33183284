"""How far a part that begins at a picture may go: as long as its limit in seconds and in bytes allows. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import accumulate

from clipmill_cutter.frames import Frames
from clipmill_cutter.limit import Limit

_ROOM = 0.97
"""Share of the bytes that the plan uses: sound is reckoned by its mean, and a container adds its index."""


class Reach:
    """Callable with the tick of a picture: the last tick at which its part may end."""

    def __init__(self, frames: Frames, limit: Limit, *, size_counts: bool = True) -> None:
        self.start, self.end = frames.start, frames.end
        self._begin = frames.begin
        self._shown = frames.shown
        self._ticks = int(limit.seconds / frames.time_base)
        self._bytes = int(limit.bytes * _ROOM) if limit.bytes else 0
        small = not self._bytes or not frames.sizes or frames.stored_bytes <= self._bytes
        self._before = array("q") if small or not size_counts else self._weights(frames)

    def __call__(self, start: int) -> int:
        most = (self._begin if start == self.start else start) + self._ticks
        return min(most, self._by_size(start)) if self._before else most

    def picture_before(self, tick: int) -> int:
        """The last picture that begins at `tick` at the latest."""
        return self._shown[bisect_right(self._shown, tick) - 1]

    def first_that_reaches(self, tick: int) -> int:
        """The first picture whose part may go on until `tick`."""
        at = bisect_left(self._shown, tick, key=self)
        return self._shown[at] if at < len(self._shown) else self.end

    def _weights(self, frames: Frames) -> array[int]:
        """Bytes that are shown before each picture, and at last all of them; sound is spread evenly."""
        order = sorted(zip(frames.pts, frames.sizes, strict=True))
        first = bisect_left(order, (frames.start, 0))
        pictures = accumulate((size for _, size in order[first : first + len(self._shown)]), initial=0)
        rate = frames.other_rate * frames.time_base
        times = [*self._shown, self.end]
        return array("q", (size + int(rate * (when - self.start)) for size, when in zip(pictures, times, strict=False)))

    def _by_size(self, start: int) -> int:
        at = bisect_left(self._shown, start)
        last = bisect_right(self._before, self._before[at] + self._bytes) - 1
        # a single picture may be larger than a part: what is made of it is seen when it is written
        last = max(last, at + 1)
        return self._shown[last] if last < len(self._shown) else self.end
