"""A line of subtitles is in every part that shows some of it, for as long as it does."""

from fractions import Fraction

import pytest

from clipmill_cutter.plan import Part
from clipmill_cutter.subtitles import Shown, as_mov_text, places

PARTS = (Part(first=0, stop=1, start=1000, end=9000), Part(first=1, stop=2, start=9000, end=15000))
CLOCK = Fraction(1, 1000)


@pytest.mark.parametrize(
    ("start", "length", "shown"),
    [
        (2, 3, [Shown(0, Fraction(1), Fraction(3))]),
        (8, 3, [Shown(0, Fraction(7), Fraction(1)), Shown(1, Fraction(0), Fraction(2))]),
        (9, 1, [Shown(1, Fraction(0), Fraction(1))]),
        (0, 2, [Shown(0, Fraction(0), Fraction(1))]),  # it began before the picture
        (14, 5, [Shown(1, Fraction(5), Fraction(1))]),  # it outlasts it
        (15, 5, []),
    ],
)
def test_a_line_is_where_it_is_seen(start: int, length: int, shown: list[Shown]) -> None:
    assert list(places(PARTS, CLOCK, Fraction(start), Fraction(length))) == shown


@pytest.mark.parametrize(
    ("codec", "data", "text"),
    [
        ("subrip", b"Hello <i>you</i>", b"Hello you"),
        ("ass", b"3,0,Default,,0,0,0,,{\\b1}Yes,\\Nno", b"Yes,\nno"),
        ("webvtt", "olá".encode(), "olá".encode()),
        ("subrip", b"", b""),
    ],
)
def test_mp4_gets_plain_text_behind_its_length(codec: str, data: bytes, text: bytes) -> None:
    assert as_mov_text(codec, data) == len(text).to_bytes(2, "big") + text
