"""Subtitles of a part: a line that is seen across a cut is seen on both sides of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from clipmill_cutter.plan import Part

TEXTS = ("subrip", "srt", "text", "ass", "ssa", "webvtt")
"""Codecs of which plain text can be made."""

_MARKUP = re.compile(r"<[^<>]*>|\{[^{}]*\}")
_FIELDS_BEFORE_TEXT = 8  # of a line of ASS as Matroska stores it: ReadOrder, Layer, Style, Name, MarginL, R, V, Effect


@dataclass(frozen=True)
class Shown:
    """A line as one part shows it, in seconds from the part's start."""

    part: int
    start: Fraction
    length: Fraction


def places(parts: Sequence[Part], clock: Fraction, start: Fraction, length: Fraction) -> Iterator[Shown]:
    """Where a line is seen that the source shows from `start` for `length` seconds."""
    for number, part in enumerate(parts):
        begin, end = part.start * clock, part.end * clock
        first, last = max(start, begin), min(start + length, end)
        if first < last:
            yield Shown(number, first - begin, last - first)


def as_mov_text(codec: str, data: bytes) -> bytes:
    """A line as mp4 stores it: its length, then plain text."""
    text = data.decode(errors="replace")
    if codec in ("ass", "ssa"):
        text = text.split(",", _FIELDS_BEFORE_TEXT)[-1].replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    plain = _MARKUP.sub("", text).strip("\0\r\n").encode()[:65535]
    return len(plain).to_bytes(2, "big") + plain
