"""The retry ladder: whether a failed step gets another attempt, and on which rung it waits. Pure."""

from __future__ import annotations

from clipmill.topology import RUNG_SECONDS

ATTEMPTS = 6
"""Attempts of a step in all: five retries."""

LONGEST = RUNG_SECONDS[-1]

_BETWEEN = 0.25


def rung_after(attempt: int, draw: float) -> int | None:
    """Seconds of the rung on which a step waits after its failed `attempt`; None when that was its last.

    `draw` (0 to 1, at random) sends one in four to a neighbouring rung, so that what failed together does not come
    back together.
    """
    if attempt >= ATTEMPTS:
        return None
    place = max(0, attempt - 1)
    if draw < _BETWEEN / 2:
        place -= 1
    elif draw > 1 - _BETWEEN / 2:
        place += 1
    return RUNG_SECONDS[max(0, min(place, len(RUNG_SECONDS) - 1))]


def rung_until(milliseconds: int) -> int:
    """Seconds of the longest rung that does not overshoot a wait of `milliseconds`; the shortest for less than that."""
    fitting = [seconds for seconds in RUNG_SECONDS if seconds * 1000 <= milliseconds]
    return fitting[-1] if fitting else RUNG_SECONDS[0]
