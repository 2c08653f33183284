"""What of a source must be encoded for parts that begin anywhere: from a clean keyframe to another one. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from clipmill_cutter.frames import Frames


@dataclass(frozen=True, order=True)
class Stretch:
    """Packets `first` to before `stop` of the picture, in stored order."""

    first: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.first


def needed(frames: Frames, starts: Sequence[int]) -> tuple[Stretch, ...]:
    """The groups around starts that are not clean, and around packets that a player would not show, in order."""
    if not frames.orderly:
        return (Stretch(0, len(frames)),)
    bounds = _Bounds(frames)
    return tuple(_joined(sorted([*bounds.around_starts(starts), *bounds.around_unshown()])))


class _Bounds:
    """The clean keyframes of a source, between which its groups lie."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._indexes = list(frames.clean())
        self._begins = [frames.pts[index] for index in self._indexes]

    def around_starts(self, starts: Sequence[int]) -> Iterator[Stretch]:
        for start in starts:
            at = bisect_left(self._begins, start)
            if at == len(self._begins) or self._begins[at] != start:
                yield self._group(at - 1)

    def around_unshown(self) -> Iterator[Stretch]:
        for index in self._frames.unshown():
            yield self._group(bisect_right(self._indexes, index) - 1)

    def _group(self, number: int) -> Stretch:
        """Group -1 is what is stored before the first clean keyframe."""
        first = self._indexes[number] if number >= 0 else 0
        stop = self._indexes[number + 1] if number + 1 < len(self._indexes) else len(self._frames)
        return Stretch(first, stop)


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Each once, and those that touch as one."""
    current: Stretch | None = None
    for stretch in stretches:
        if current and stretch.first <= current.stop:
            current = Stretch(current.first, max(current.stop, stretch.stop))
            continue
        if current:
            yield current
        current = stretch
    if current:
        yield current
