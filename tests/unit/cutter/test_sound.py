"""A packet of sound goes to the part that holds its middle."""

from fractions import Fraction

import pytest

from clipmill_cutter.plan import Part
from clipmill_cutter.sound import Places

PARTS = (
    Part(first=0, stop=1, start=1000, end=2000),
    Part(first=1, stop=2, start=2000, end=2500),
)
SECOND = 48_000


@pytest.fixture
def places() -> Places:
    """Pictures from 1 to 2.5 s, cut at 2 s, on a clock of milliseconds; no part longer than a second."""
    return Places(PARTS, Fraction(1, 1000), Fraction(1, SECOND), limit=Fraction(1))


@pytest.mark.parametrize(
    ("begin", "part"),
    [
        (SECOND - 1025, None),  # ends before the first picture
        (SECOND - 1024, 0),  # ends where the first picture begins: the next one is decoded from it
        (SECOND - 512, 0),
        (2 * SECOND - 513, 0),  # most of it before the cut
        (2 * SECOND - 512, 1),  # as much on either side
        (2 * SECOND, 1),
        (5 * SECOND // 2, 1),  # outlasts the picture
        (3 * SECOND - 513, 1),
        (3 * SECOND - 512, None),  # would make the part longer than it may be
    ],
)
def test_the_middle_of_a_packet_decides(places: Places, begin: int, part: int | None) -> None:
    assert places.place(begin, 1024) == part
