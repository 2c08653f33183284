"""How large a preview is, and what may be decoded for it."""

from dataclasses import replace
from fractions import Fraction

import pytest

from clipmill.probe import Video
from clipmill_preview.budget import only_keyframes
from clipmill_preview.size import preview_size

VIDEO = Video(
    index=0,
    codec="h264",
    profile="High",
    pix_fmt="yuv420p",
    width=1920,
    height=1080,
    fps=Fraction(30),
    rotation=0,
    sar=Fraction(1),
)


@pytest.mark.parametrize(
    ("size", "rotation", "sar", "expected"),
    [
        ((1920, 1080), 0, 1, (852, 480)),
        ((1920, 1080), 90, 1, (270, 480)),
        ((1080, 1920), 0, 1, (270, 480)),
        ((640, 360), 0, 1, (640, 360)),
        ((321, 181), 0, 1, (320, 180)),
        ((720, 576), 0, Fraction(16, 11), (854, 468)),  # anamorphic: square pixels now
        ((4000, 100), 0, 1, (854, 20)),
        ((1, 1), 0, 1, (2, 2)),
    ],
)
def test_a_preview_is_small_even_and_of_the_sources_shape(
    size: tuple[int, int], rotation: int, sar: Fraction, expected: tuple[int, int]
) -> None:
    video = replace(VIDEO, width=size[0], height=size[1], rotation=rotation, sar=Fraction(sar))
    assert preview_size(video) == expected


@pytest.mark.parametrize(
    ("size", "pix_fmt", "stills"),
    [
        ((1920, 1080), "yuv420p10le", False),
        ((3840, 2160), "yuv420p", False),
        ((3840, 2160), "yuv420p10le", True),
        ((7680, 4320), "yuv420p", True),
    ],
)
def test_only_keyframes_are_decoded_of_pictures_too_large_to_keep_eight(
    size: tuple[int, int], pix_fmt: str, stills: bool
) -> None:
    assert only_keyframes(replace(VIDEO, width=size[0], height=size[1], pix_fmt=pix_fmt)) is stills
