"""The figures of the table, in its order: their titles, how they are written, and how rounds become one number."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

Figures = dict[str, float]
"""What one round found, by figure."""


@dataclass(frozen=True)
class Figure:
    """A column."""

    name: str
    title: str
    decimals: int = 0
    against_floor: bool = False
    """Whether the ratio to the floor is told beside it."""


FIGURES = (
    Figure("drain", "drain jobs/s", against_floor=True),
    Figure("cpu", "CPU s/1000 jobs", 3, against_floor=True),
    Figure("first", "CPU s to 1st job", 2),
    Figure("p50", "latency p50 ms", 2),
    Figure("enqueue", "enqueue jobs/s", against_floor=True),
    Figure("pss", "idle PSS MiB", 1),
    Figure("switches", "switches/10 s", 1),
    Figure("back", "s back after restart", 2),
    Figure("again", "begun twice of 300"),
    Figure("poison", "poison runs in 30 s"),
    Figure("good", "good of 5 behind it"),
)


def medians(rounds: Sequence[Figures]) -> Figures:
    """Figure by figure, over the rounds that have it."""
    names = {name for figures in rounds for name in figures}
    return {name: statistics.median([figures[name] for figures in rounds if name in figures]) for name in names}
