"""The pictures of a source as columns of numbers, in the order in which they are stored. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

_LEAD_IN = Fraction(1, 10)
"""Seconds of sound before the picture that are an encoder's own: silence, and the delay of reordered pictures."""

_LEAD_OUT = Fraction(1, 20)
"""Seconds by which sound outlasts the picture because it comes in packets: no part more is made for that."""


@dataclass(frozen=True, kw_only=True)
class Frames:
    """One entry a packet of the picture. Columns, since four hours are half a million packets."""

    time_base: Fraction
    """Seconds a tick."""
    pts: array[int]
    """When each is shown, in ticks."""
    keys: bytearray
    """1 where the container says that decoding may begin."""
    entries: bytearray
    """1 where it may begin indeed, and nothing from before is needed ever after."""
    hidden: bytearray
    """1 where an edit list keeps it from being shown."""
    last: int
    """How long the picture that is shown last stands, in ticks."""
    certain: bool = True
    """Every packet told when it is shown, and the stream never changed its parameters."""
    sizes: array[int] = field(default_factory=lambda: array("L"))
    """Bytes of each packet; empty where nobody counted."""
    other_rate: float = 0.0
    """Bytes a second of everything else in the file: sound, subtitles, the container."""
    sound_end: int | None = None
    """When the last sound has been heard, in ticks of the picture; None where nobody knows."""
    sound_start: int | None = None
    """When the first sound is heard, likewise."""
    broken: bool = False
    """Its times jump, as in recordings that were put one behind the other."""

    def __len__(self) -> int:
        return len(self.pts)

    @cached_property
    def shown(self) -> array[int]:
        """When each picture that a player shows begins, in order; nothing that is stored before the first key is."""
        if not any(self.keys):
            return array("q")
        begin = self.keys.index(1)
        stored = zip(self.pts[begin:], self.hidden[begin:], strict=True)
        return array("q", sorted(pts for pts, hidden in stored if not hidden and pts >= self.pts[begin]))

    @property
    def start(self) -> int:
        """When the first picture begins to be shown."""
        return self.shown[0]

    @cached_property
    def begin(self) -> int:
        """When the first part begins: with the first picture, or before it with sound that is more than a lead-in."""
        early = self.sound_start is not None and (self.start - self.sound_start) * self.time_base > _LEAD_IN
        return self.sound_start if early and self.sound_start is not None else self.start

    @cached_property
    def end(self) -> int:
        """When the last picture has been shown: it stands until the sound ends, if that is well after it."""
        shown = self.shown[-1] + self.last
        late = self.sound_end is not None and (self.sound_end - shown) * self.time_base > _LEAD_OUT
        return self.sound_end if late and self.sound_end is not None else shown

    def with_sound_within(self, seconds: Fraction) -> Frames:
        """The same, with no sound so long before or after the picture that no part could hold it."""
        longest = int(seconds / self.time_base)
        last, first = self.shown[-1] + longest, self.shown[0] - longest // 2
        end = None if self.sound_end is None else min(self.sound_end, last)
        start = None if self.sound_start is None else max(self.sound_start, first)
        return replace(self, sound_end=end, sound_start=start)

    @property
    def stored_bytes(self) -> int:
        """Bytes of the whole file, about."""
        return sum(self.sizes) + int(self.other_rate * self.seconds)

    @property
    def seconds(self) -> float:
        """How long the pictures last: what a container says of its duration is not asked."""
        return float((self.end - self.start) * self.time_base)

    @cached_property
    def orderly(self) -> bool:
        """Whether packets and pictures are each other's: every picture one packet, at a time of its own."""
        return self.certain and any(self.entries) and all(one != other for one, other in pairwise(sorted(self.pts)))

    @cached_property
    def whole(self) -> bool:
        """Whether the packets as they are stored, from the first to the last, are just the pictures that are shown."""
        return self.orderly and len(self.shown) == len(self.pts) and self.entries[0] == 1

    def unshown(self) -> Iterator[int]:
        """Indexes of packets that no player shows."""
        if self.whole:
            return
        shown = set(self.shown)
        for index, pts in enumerate(self.pts):
            if self.hidden[index] or pts not in shown:
                yield index

    def clean(self) -> Iterator[int]:
        """Indexes of the entries at which the source falls into two without a loss.

        Nothing that is stored after a clean one is shown before it, and nothing that is stored before it is shown
        after it: so an open GOP, whose first pictures need the one before, has none.
        """
        after = self._shown_first_from_here()
        before: int | None = None
        for index, pts in enumerate(self.pts):
            if self.entries[index] and after[index] == pts and (before is None or before < pts):
                yield index
            before = pts if before is None else max(before, pts)

    def _shown_first_from_here(self) -> array[int]:
        earliest = array("q", self.pts)
        for index in range(len(earliest) - 2, -1, -1):
            earliest[index] = min(earliest[index], earliest[index + 1])
        return earliest
