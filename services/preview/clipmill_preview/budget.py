"""What may be decoded within the 256 MiB of a preview worker. Pure.

Measured with one thread: worker and child take 50 MB, ffmpeg itself 10, its filters and encoder 30; a decoder keeps
seven or eight pictures, which is 26 MB of 1080p H.264, 95 of 4K H.264 and 190 of 4K HEVC with 10 bits.
"""

from __future__ import annotations

from clipmill.probe import Video

_LARGEST = 16_000_000
"""Bytes of a picture of which a decoder can keep eight."""


def only_keyframes(video: Video) -> bool:
    """Whether only keyframes may be decoded, for which no other need be kept: stills are better than no preview."""
    return _picture_bytes(video) > _LARGEST


def _picture_bytes(video: Video) -> int:
    """At 4:2:0, three bytes for two pixels; samples of more than 8 bits take two bytes."""
    deep = video.pix_fmt.endswith(("le", "be"))
    return video.width * video.height * 3 // 2 * (2 if deep else 1)
