"""New decoding times for a part, since the old ones begin in the middle of a source. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timestamps:
    """When each packet of a part, in stored order, is decoded and how long it is shown, in ticks from its start."""

    dts: array[int]
    durations: array[int]


def anew(pts: Sequence[int], length: int) -> Timestamps:
    """Times for packets shown at `pts`, in a part that lasts `length` ticks and begins at 0.

    Packets are decoded in the rhythm in which they are shown, ahead of it by as many pictures as the stream reorders:
    the least that lets none be decoded after it is shown. The first ones fall before 0, one tick or more apart.
    """
    order = sorted(pts)
    place = {when: number for number, when in enumerate(order)}
    depth = max(index - place[when] for index, when in enumerate(pts))
    step = max(1, order[1] - order[0]) if len(order) > 1 else 1
    lead = (order[0] - step * (depth - index) for index in range(depth))
    dts = array("q", [*lead, *order[: len(order) - depth]])
    ends = [*order[1:], length]
    durations = array("q", (max(1, ends[place[when]] - when) for when in pts))
    return Timestamps(dts, durations)
