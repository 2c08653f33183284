"""Which stretches of a source its preview shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SECONDS = 8.0
"""Of a preview: what people look at before they decide."""
COUNT = 4
"""Clips in it; fewer where keyframes are rare."""

_WHOLE = 9.0
"""A source up to this long is shown as it is: to leave out its last second would be petty."""
_SPREAD_FROM = 3 * SECONDS
"""A source shorter than this is no more than its beginning: jumps would show most of it anyway."""


@dataclass(frozen=True)
class Clip:
    """A stretch of the source, in seconds from its beginning."""

    start: float
    length: float


def targets(seconds: float) -> tuple[float, ...]:
    """Where keyframes for the clips should be looked for, in seconds: in the middles of equal stretches.

    None for a source that is short, or does not tell how long it is.
    """
    if seconds < _SPREAD_FROM:
        return ()
    return tuple(seconds * (2 * number + 1) / (2 * COUNT) for number in range(COUNT))


def choose(seconds: float, keyframes: Sequence[float]) -> tuple[Clip, ...]:
    """Clips that begin at `keyframes`: from anywhere else, all since the keyframe before would be decoded as well."""
    starts = sorted({time for time in keyframes if time < seconds})
    if not starts:
        return (Clip(0.0, seconds if 0 < seconds <= _WHOLE else SECONDS),)
    length = SECONDS / len(starts)
    ends = [*starts[1:], seconds]
    # where keyframes are close together, no second is shown twice
    return tuple(Clip(start, min(length, end - start)) for start, end in zip(starts, ends, strict=True))
