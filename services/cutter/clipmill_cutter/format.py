"""Which container parts are written in: mp4 for phones, else the source's own where it is a good one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clipmill.probe import Probe


@dataclass(frozen=True, kw_only=True)
class Format:
    """A container that FFmpeg writes."""

    name: str
    suffix: str
    subtitles: tuple[str, ...]
    """Codecs of subtitles that it holds."""
    options: Mapping[str, str] = field(default_factory=dict)
    exact: bool = True
    """Whether it keeps a track's own clock; Matroska counts milliseconds."""


# `avoid_negative_ts` would move every stream when a sound packet begins a few milliseconds before the first picture;
# the second limit keeps the muxer from holding ten seconds of a 4K picture in memory while it waits for late sound.
_COMMON = {"avoid_negative_ts": "disabled", "max_interleave_delta": "1000000"}
_MP4 = _COMMON | {"movflags": "+faststart"}

MP4 = Format(name="mp4", suffix=".mp4", subtitles=("mov_text",), options=_MP4)
MOV = Format(name="mov", suffix=".mov", subtitles=("mov_text",), options=_MP4)
MATROSKA = Format(
    name="matroska",
    suffix=".mkv",
    subtitles=("subrip", "srt", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvdsub", "pgssub"),
    options=_COMMON,
    exact=False,
)
WEBM = Format(name="webm", suffix=".webm", subtitles=("webvtt",), options=_COMMON, exact=False)

_IN_MP4 = ("h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mjpeg")
_SOUND_IN_MP4 = ("aac", "mp3", "mp2", "ac3", "eac3", "opus", "flac", "alac")
_IN_WEBM = ("vp8", "vp9", "av1")
_SOUND_IN_WEBM = ("opus", "vorbis")
_KNOWN = (
    ".mp4",
    ".m4v",
    ".mov",
    ".mkv",
    ".webm",
    ".ts",
    ".mts",
    ".m2ts",
    ".avi",
    ".flv",
    ".3gp",
    ".mpg",
    ".wmv",
    ".ogv",
)


def of_parts(found: Probe, source: Path, *, phone: bool) -> Format:
    """The container for parts of the source."""
    if phone:
        return MP4
    sounds = {track.codec for track in found.audio if track.codec}
    if "matroska" in found.format:
        in_webm = found.video.codec in _IN_WEBM and sounds <= set(_SOUND_IN_WEBM) and not found.subtitles
        return WEBM if source.suffix.lower() == ".webm" and in_webm else MATROSKA
    fits_mp4 = found.video.codec in _IN_MP4 and sounds <= set(_SOUND_IN_MP4)
    if "mp4" in found.format:
        return MP4 if fits_mp4 and not found.brand.startswith("qt") else MOV
    return MP4 if fits_mp4 else MATROSKA


def suffix_untouched(source: Path, format: Format) -> str:
    """The suffix of a source that is passed on as it is."""
    return source.suffix.lower() if source.suffix.lower() in _KNOWN else format.suffix
