"""From the pictures of a source to its parts: how few there can be, where they begin, what must be encoded. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from clipmill_cutter.frames import Frames
from clipmill_cutter.limit import Limit
from clipmill_cutter.mode import Mode
from clipmill_cutter.reach import Reach
from clipmill_cutter.stretch import Stretch, needed

SPARE = Fraction(1, 4)
"""Share of parts that may come on top of the fewest if all are then copied: encoding costs fifty times as much."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of the source: packets `first` to before `stop`, shown from tick `start` to tick `end`."""

    first: int
    stop: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Where the parts begin, in ticks, and what has to be encoded for that."""

    starts: tuple[int, ...]
    stretches: tuple[Stretch, ...]
    """Packets of which new ones must be made; without any, all parts are copied."""


def plan(frames: Frames, limit: Limit, mode: Mode) -> Plan | None:
    """Parts within `limit`; None when one picture stands longer than a part may be."""
    reach = Reach(frames, limit)
    exact = furthest(frames.shown, reach)
    if exact is None:
        return None
    clean = _clean_after_start(frames) if frames.orderly else array("q")
    starts = _chosen(mode, exact, clean, reach)
    return Plan(starts=tuple(starts), stretches=needed(frames, starts))


def _clean_after_start(frames: Frames) -> array[int]:
    """When the clean keyframes are shown, and before them the first picture, where the first part begins anyhow."""
    begins = (frames.pts[index] for index in frames.clean())
    return array("q", [frames.start, *(begin for begin in begins if begin > frames.start)])


def evenly_encoded(frames: Frames, limit: Limit) -> Plan | None:
    """The fewest parts of a source of which everything is encoded anyway."""
    starts = furthest(frames.shown, Reach(frames, limit, size_counts=False))
    return None if starts is None else Plan(starts=tuple(starts), stretches=(Stretch(0, len(frames)),))


def parts(frames: Frames, starts: Sequence[int]) -> tuple[Part, ...] | None:
    """The packets of each part, when all of `starts` are clean entries; else None."""
    if not frames.whole:
        return None
    clean = list(frames.clean())
    begins = [frames.pts[index] for index in clean]
    places = [bisect_left(begins, start) for start in starts]
    if starts[0] != frames.start or any(
        at == len(begins) or begins[at] != start for at, start in zip(places, starts, strict=True)
    ):
        return None
    # they follow each other as they are shown just as they do as they are stored: that makes them clean
    firsts = [clean[at] for at in places]
    begins = [frames.begin, *starts[1:]]
    bounds = zip(firsts, [*firsts[1:], len(frames)], begins, [*starts[1:], frames.end], strict=True)
    return tuple(Part(first=first, stop=stop, start=start, end=end) for first, stop, start, end in bounds)


def furthest(points: Sequence[int], reach: Reach) -> list[int] | None:
    """Where parts begin that each go as far as they may: no choice among `points`, which are in order, needs fewer.

    None when two of them are further apart than a part reaches.
    """
    if not points or points[0] != reach.start:
        return None
    starts = [points[0]]
    while (most := reach(starts[-1])) < reach.end:
        furthest_start = points[bisect_right(points, most) - 1]
        if furthest_start <= starts[-1]:
            return None
        starts.append(furthest_start)
    return starts


def _chosen(mode: Mode, exact: list[int], clean: Sequence[int], reach: Reach) -> list[int]:
    if mode is Mode.EXACT or len(clean) < 2:
        return exact
    if mode is Mode.FEWEST:
        return _snapped(exact, clean, reach)
    copied = furthest(clean, reach)
    if copied and (mode is Mode.LOSSLESS or len(copied) <= len(exact) * (1 + SPARE)):
        return copied
    return _clean_where_possible(clean, reach) if mode is Mode.LOSSLESS else _snapped(exact, clean, reach)


def _clean_where_possible(clean: Sequence[int], reach: Reach) -> list[int]:
    """From each start to the last clean one that a part reaches, and past a gap between them to any picture."""
    starts = [reach.start]
    while (most := reach(starts[-1])) < reach.end:
        starts.append(_last_between(clean, starts[-1] + 1, most) or reach.picture_before(most))
    return starts


def _snapped(exact: list[int], clean: Sequence[int], reach: Reach) -> list[int]:
    """As many starts as `exact`, each the last clean one of those that leave enough reach for the parts that follow."""
    soonest = _soonest(len(exact), reach)
    starts = [reach.start]
    for left in range(len(exact) - 1, 0, -1):
        most = reach(starts[-1])
        starts.append(_last_between(clean, max(soonest[left], starts[-1] + 1), most) or reach.picture_before(most))
    return starts


def _soonest(count: int, reach: Reach) -> list[int]:
    """For each number of parts up to `count`, the first picture from which so many parts reach the end."""
    soonest = [reach.end]
    for _ in range(count):
        soonest.append(reach.first_that_reaches(soonest[-1]))
    return soonest


def _last_between(points: Sequence[int], low: int, high: int) -> int | None:
    at = bisect_right(points, high) - 1
    return points[at] if at >= 0 and points[at] >= low else None


def lengths(frames: Frames, starts: Sequence[int]) -> list[Fraction]:
    """Seconds of each part."""
    return [(end - start) * frames.time_base for start, end in pairwise([*starts, frames.end])]
