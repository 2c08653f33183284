"""Which part a packet of sound belongs to: the one that holds its middle. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from clipmill_cutter.plan import Part


class Places:
    """The parts on the clock of one sound track.

    A packet cannot be halved; given to the part that holds its middle, it leaves at most half a packet of silence at a
    join, 10.7 ms of AAC. Middles are counted in half ticks, so that all is done in whole numbers.
    """

    def __init__(self, parts: Sequence[Part], picture_clock: Fraction, sound_clock: Fraction, limit: Fraction) -> None:
        ratio = 2 * picture_clock / sound_clock
        self._starts = [ceil(part.start * ratio) for part in parts]
        # sound that outlives the picture is kept as long as it makes no part longer than `limit`
        self._end = int(parts[-1].start * ratio + 2 * limit / sound_clock)

    def place(self, pts: int, duration: int) -> int | None:
        """The number of the part, from 0; None when the sound ends before the first picture or comes far too late.

        A packet that ends just where the first picture begins is kept: it holds what the next one is decoded from.
        """
        middle = 2 * pts + duration
        if 2 * (pts + duration) < self._starts[0] or middle >= self._end:
            return None
        return max(0, bisect_right(self._starts, middle) - 1)
