"""The faults of a run, drawn from its seed: of which kind, and at which point in a step's life each strikes. Pure."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.moment import SETTLING, Point

_WIRE = (Point.ANY, Point.ADMIT, Point.PUBLISH, Point.CONFIRM, Point.ACK)
_CHILD = (Point.ANY, Point.BEGIN, Point.END, Point.COMMIT)

KINDS: dict[str, tuple[Point, ...]] = {
    "worker killed": (Point.BEGIN, Point.END, Point.COMMIT, *_WIRE),
    "worker stopped": (Point.BEGIN, Point.END, *_WIRE),
    "child killed": _CHILD,
    "child stopped": _CHILD,
    "broker restarted": (Point.END, *_WIRE),
    "broker killed": (Point.END, *_WIRE),
    "broker frozen": _WIRE,
    "connections closed": _WIRE,
    "connection cut": _WIRE,
    "connection stalled": _WIRE,
    "half-open": _WIRE,
    "disk full": (Point.ANY, Point.BEGIN, Point.END),
    "queue full": (Point.ANY, Point.END),
    "notifier killed": (Point.ANY, Point.SENT),
}
"""Every kind, with the points at which it can strike."""

_SETTLING_SHARE = 0.65
_JOBS_PER_FAULT = 20
_LONG_RUN = 1000


@dataclass(frozen=True)
class Fault:
    """One fault."""

    kind: str
    point: Point


def draw(chance: random.Random, jobs: int, kinds: Sequence[str] = tuple(KINDS)) -> list[Fault]:
    """At least one for 20 jobs, every kind equally often: twice at least, ten times in a long run."""
    least = 10 if jobs >= _LONG_RUN else 2
    each = max(least, math.ceil(jobs / _JOBS_PER_FAULT / max(1, len(kinds))))
    faults = [Fault(kind, _point(chance, KINDS[kind])) for kind in kinds for _ in range(each)]
    chance.shuffle(faults)
    return faults


def _point(chance: random.Random, points: Sequence[Point]) -> Point:
    settling = [point for point in points if point in SETTLING]
    others = [point for point in points if point not in SETTLING]
    return chance.choice(settling if chance.random() < _SETTLING_SHARE else others)
