"""Which chapters of a source a part has, and when they begin in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

_CLOCK = Fraction(1, 1000)


def within(chapters: Iterable[Mapping[str, Any]], start: Fraction, end: Fraction) -> list[dict[str, Any]]:
    """The chapters between `start` and `end`, seconds of the source, on the part's own clock."""
    found: list[dict[str, Any]] = []
    for chapter in chapters:
        begins = max(start, chapter["start"] * chapter["time_base"]) - start
        ends = min(end, chapter["end"] * chapter["time_base"]) - start
        if begins < ends:
            times = {"id": len(found), "start": round(begins / _CLOCK), "end": round(ends / _CLOCK)}
            found.append(times | {"time_base": _CLOCK, "metadata": dict(chapter["metadata"])})
    return found
