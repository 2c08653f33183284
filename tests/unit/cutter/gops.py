"""Makes up streams: groups of pictures, closed or open, of any rhythm, as an encoder stores them."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from clipmill_cutter.frames import Frames

CLOCK = Fraction(1, 10)


@dataclass(frozen=True)
class Gop:
    """A group of pictures: how long each stands, in the order in which they are shown."""

    steps: tuple[int, ...]
    open: bool = False
    """Its keyframe is stored first, and up to two pictures are shown before it that need the group before."""


def stream(gops: Sequence[Gop]) -> Frames:
    """The groups, stored as an encoder with two B-frames in a row does."""
    pts, keys, entries = array("q"), bytearray(), bytearray()
    now = 7  # nothing says that a source begins at 0
    for number, gop in enumerate(gops):
        begins = [now + sum(gop.steps[:index]) for index in range(len(gop.steps))]
        is_open = gop.open and number > 0
        for position, index in enumerate(_stored(len(begins), leading=2 if is_open else 0)):
            pts.append(begins[index])
            keys.append(position == 0)
            entries.append(position == 0)
        now += sum(gop.steps)
    return Frames(
        time_base=CLOCK, pts=pts, keys=keys, entries=entries, hidden=bytearray(len(pts)), last=gops[-1].steps[-1]
    )


def _stored(count: int, *, leading: int) -> list[int]:
    """Indexes of pictures in the order in which they are stored: each third before the two that are shown before it."""
    key = min(leading, count - 1)
    order = [key, *range(key)]
    rest = list(range(key + 1, count))
    for at in range(0, len(rest), 3):
        *between, anchor = rest[at : at + 3]
        order += [anchor, *between]
    return order
