"""How large an encoded picture is. Pure."""

from __future__ import annotations

from fractions import Fraction

from clipmill.probe import Video

LONGEST_SIDE = 1920
"""Of what is encoded. Beyond it a phone shows no more, x264 leaves the cutter's memory limit (4K needs 0.8 to 1 GB),
and an hour of it takes longer than a step may."""


def encoded_size(video: Video, height: int | None = None) -> tuple[int, int]:
    """Width and height, in pixels as they are stored, that the picture gets when it is encoded.

    Upright, since ffmpeg turns it; even, since 4:2:0 has one colour for two by two pixels: an odd last line is cut off,
    which needs no scaling.
    """
    width, lines = (video.height, video.width) if video.rotation % 180 else (video.width, video.height)
    factor = min(Fraction(1), Fraction(LONGEST_SIDE, max(width, lines)), Fraction(height or lines, lines))
    return _even(width * factor), _even(lines * factor)


def encoded_shown(video: Video, most: int | None = None) -> tuple[int, int]:
    """The same as a player shows it, with square pixels."""
    width, height = encoded_size(video, most)
    return (width, round(height * video.sar)) if video.rotation % 180 else (round(width * video.sar), height)


def filters(video: Video, most: int | None = None) -> str:
    """ffmpeg's filters: whole pictures of half ones, that size, and ordinary brightness of HDR."""
    return ",".join([*_whole(video), _sized(video, most), *_dimmed(video)])


def _whole(video: Video) -> list[str]:
    """One picture for each two halves that an interlaced source scans, where they are marked so."""
    return ["bwdif=mode=send_frame:deint=interlaced"] if video.interlaced else []


def _sized(video: Video, most: int | None) -> str:
    width, height = encoded_size(video, most)
    odd = (width, height) in ((shown[0] // 2 * 2, shown[1] // 2 * 2) for shown in [_upright(video)])
    # crop only where it does cut: a stream whose size changes is brought to one size by scale
    return f"crop={width}:{height}:0:0" if odd and (width, height) != _upright(video) else f"scale={width}:{height}"


def _upright(video: Video) -> tuple[int, int]:
    return (video.height, video.width) if video.rotation % 180 else (video.width, video.height)


def _dimmed(video: Video) -> list[str]:
    """BT.2390's way is not in ffmpeg; Hable's keeps detail in what is brighter than white."""
    if not video.hdr:
        return []
    linear = "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709"
    return [linear, "tonemap=hable:desat=0", "zscale=t=bt709:m=bt709:r=tv", "format=yuv420p"]


def _even(length: Fraction) -> int:
    return max(2, int(length) // 2 * 2)
