"""The last hour as the overview draws it: bars of what ended each minute, and percentiles by service. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from clipmill.pipeline import SERVICES
from clipmill_manager.recent import WINDOW_MS
from clipmill_manager.step_end import StepEnd

_BARS = 60
_BAR_MS = WINDOW_MS // _BARS
_HEIGHT = 88


@dataclass(frozen=True)
class Bar:
    """A minute, in the units of the drawing."""

    x: int
    done_y: float
    done_height: float
    failed_y: float
    failed_height: float


@dataclass(frozen=True)
class ServiceLine:
    """Milliseconds: waiting p50 and p95, working p50 and p95."""

    service: str
    percentiles: tuple[int | None, int | None, int | None, int | None]


@dataclass(frozen=True)
class Pace:
    """The whole."""

    done: int
    failed: int
    bars: list[Bar]
    services: list[ServiceLine]


def pace(ends: list[StepEnd], now: int) -> Pace:
    """What ended in the hour before `now`."""
    done = Counter(_minute(end, now) for end in ends if end.outcome == "done")
    failed = Counter(_minute(end, now) for end in ends if end.outcome == "failed")
    most = max((done[n] + failed[n] for n in range(_BARS)), default=0) or 1
    return Pace(
        done=done.total(),
        failed=failed.total(),
        bars=[_bar(n, done[n] / most, failed[n] / most) for n in range(_BARS)],
        services=[_service(service, ends) for service in SERVICES],
    )


def _minute(end: StepEnd, now: int) -> int:
    return _BARS - 1 - min(max(now - end.at, 0) // _BAR_MS, _BARS - 1)


def _bar(number: int, done: float, failed: float) -> Bar:
    green, red = round(done * _HEIGHT, 1), round(failed * _HEIGHT, 1)
    return Bar(number * 10 + 1, round(_HEIGHT - green, 1), green, round(_HEIGHT - green - red, 1), red)


def _service(service: str, ends: list[StepEnd]) -> ServiceLine:
    mine = [end for end in ends if end.service == service]
    waited = sorted(end.waited for end in mine if end.waited is not None)
    worked = sorted(end.worked for end in mine if end.worked is not None)
    return ServiceLine(service, (_at(waited, 0.5), _at(waited, 0.95), _at(worked, 0.5), _at(worked, 0.95)))


def _at(ordered: list[int], share: float) -> int | None:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else None
