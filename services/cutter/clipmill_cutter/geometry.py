"""How large an encoded picture is. Pure."""

from __future__ import annotations

from fractions import Fraction

from clipmill.probe import Video

LONGEST_SIDE = 1920
"""Of what is encoded. Beyond it a phone shows no more, x264 leaves the cutter's memory limit (4K needs 0.8 to 1 GB),
and an hour of it takes longer than a step may."""


def encoded_size(video: Video) -> tuple[int, int]:
    """Width and height, in pixels as they are stored, that the picture gets when it is encoded.

    Upright, since ffmpeg turns it; even, since 4:2:0 has one colour for two by two pixels: an odd last line is cut off,
    which needs no scaling.
    """
    width, height = (video.height, video.width) if video.rotation % 180 else (video.width, video.height)
    factor = min(Fraction(1), Fraction(LONGEST_SIDE, max(width, height)))
    return _even(width * factor), _even(height * factor)


def encoded_shown(video: Video) -> tuple[int, int]:
    """The same as a player shows it, with square pixels."""
    width, height = encoded_size(video)
    return (width, round(height * video.sar)) if video.rotation % 180 else (round(width * video.sar), height)


def filters(video: Video) -> str:
    """ffmpeg's filter that makes the picture of that size."""
    width, height = encoded_size(video)
    too_large = max(video.width, video.height) > LONGEST_SIDE
    return f"scale={width}:{height}" if too_large else f"crop={width}:{height}:0:0"


def _even(length: Fraction) -> int:
    return max(2, int(length) // 2 * 2)
