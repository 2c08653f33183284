"""From the pictures of a source to its parts: how few there can be, and where they begin. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from clipmill_cutter.frames import Frames

SPARE = Fraction(1, 4)
"""Share of parts that may come on top of the fewest if all are then copied: encoding costs fifty times as much."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of the source: packets `first` to before `stop`, shown from tick `start` to tick `end`."""

    first: int
    stop: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What can be made of a source."""

    cuts: tuple[int, ...] | None
    """Where each part after the first begins, in ticks, when there are as few as can be.

    None when no encoder can help: one picture stands longer than a part may be.
    """
    copy: tuple[Part, ...] | None
    """Parts that begin at clean keyframes; None when that costs too many parts more, or cannot be done."""


def plan(frames: Frames, seconds: Fraction) -> Plan:
    """Parts of at most `seconds`."""
    limit = int(seconds / frames.time_base)
    fewest = furthest(frames.shown, frames.end, limit)
    if fewest is None:
        return Plan(cuts=None, copy=None)
    parts = copied(frames, limit) if frames.whole else None
    affordable = parts is not None and len(parts) <= len(fewest) * (1 + SPARE)
    return Plan(cuts=tuple(fewest[1:]), copy=parts if affordable else None)


def copied(frames: Frames, limit: int) -> tuple[Part, ...] | None:
    """The fewest parts of at most `limit` ticks that begin at clean keyframes, or None when these are too far apart."""
    clean = array("q", frames.clean())
    begins = array("q", (frames.pts[index] for index in clean))
    starts = furthest(begins, frames.end, limit)
    if starts is None or starts[0] != frames.start:
        return None
    # they follow each other as they are shown just as they do as they are stored: that makes them clean
    firsts = [clean[bisect_left(begins, start)] for start in starts]
    stops, ends = [*firsts[1:], len(frames)], [*starts[1:], frames.end]
    return tuple(
        Part(first=first, stop=stop, start=start, end=end)
        for first, stop, start, end in zip(firsts, stops, starts, ends, strict=True)
    )


def furthest(points: Sequence[int], end: int, limit: int) -> list[int] | None:
    """Where parts begin that each go as far as they may: no choice among `points`, which are in order, needs fewer.

    None when two of them are more than `limit` apart.
    """
    if not points:
        return None
    starts = [points[0]]
    while end - starts[-1] > limit:
        furthest_start = points[bisect_right(points, starts[-1] + limit) - 1]
        if furthest_start <= starts[-1]:
            return None
        starts.append(furthest_start)
    return starts
