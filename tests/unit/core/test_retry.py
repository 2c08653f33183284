"""The retry ladder, as one table."""

import pytest

from clipmill.retry import rung_after, rung_until

MIDDLE, LOW, HIGH = 0.5, 0.0, 0.999


@pytest.mark.parametrize(
    ("attempt", "draw", "seconds"),
    [
        (1, MIDDLE, 5),
        (2, MIDDLE, 30),
        (3, MIDDLE, 120),
        (4, MIDDLE, 600),
        (5, MIDDLE, 3600),
        (6, MIDDLE, None),  # the sixth was the last
        (7, MIDDLE, None),  # whoever wrote a 7 into the message gets no more either
        (3, LOW, 30),  # one in eight comes a rung early
        (3, HIGH, 600),  # and one in eight a rung late
        (1, LOW, 5),  # there is nothing below the first
        (5, HIGH, 3600),  # nor above the last
        (0, MIDDLE, 5),  # an attempt that nobody should have written
    ],
)
def test_the_rung_after_a_failed_attempt(attempt: int, draw: float, seconds: int | None) -> None:
    """Six attempts in all."""
    assert rung_after(attempt, draw) == seconds


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [(1, 5), (5_000, 5), (29_999, 5), (30_000, 30), (119_000, 30), (7_200_000, 3600), (10**12, 3600)],
)
def test_the_rung_for_a_wait_does_not_overshoot(milliseconds: int, seconds: int) -> None:
    """A site's Retry-After is climbed in steps."""
    assert rung_until(milliseconds) == seconds
