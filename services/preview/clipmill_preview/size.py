"""How large a preview is. Pure."""

from __future__ import annotations

from fractions import Fraction

from clipmill.probe import Video

MAX_HEIGHT = 480
MAX_WIDTH = 854
"""480 lines at 16:9; a wider picture has fewer lines."""


def preview_size(video: Video) -> tuple[int, int]:
    """Width and height, even as 4:2:0 needs them, of square pixels; never larger than the source is shown."""
    width, height = video.shown
    factor = min(Fraction(1), Fraction(MAX_HEIGHT, height), Fraction(MAX_WIDTH, width))
    return _even(width * factor), _even(height * factor)


def _even(length: Fraction) -> int:
    return max(2, int(length / 2) * 2)
