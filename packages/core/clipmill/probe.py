"""Looks at a media file without decoding it, and refuses what no worker of ours should touch."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from clipmill import tools
from clipmill.ffmpeg_tool import GUARDS, verdict
from clipmill.outcome import ToolError

MAX_PIXELS = 8192 * 4352
"""A little over 8K: one decoded frame is 53 MB, and a decoder keeps a dozen; a crafted 16384x8704 took 787 MB."""
MAX_RATE = 300
"""Frames a second: phones record 240 in slow motion; three seconds at 1000 cost 10 CPU seconds."""
MAX_STREAMS = 64
"""Films have two dozen sound tracks and subtitles; a file with thousands is made to hurt."""

_TIMEOUT = 60.0
_ENTRIES = (
    "format=format_name,duration,size,start_time:format_tags=major_brand"
    ":stream=index,codec_type,codec_name,profile,pix_fmt,width,height,avg_frame_rate,r_frame_rate"
    ",field_order,color_range,color_space,color_transfer,color_primaries,sample_aspect_ratio,channels,duration:stream_disposition=attached_pic:stream_side_data=rotation"
)

Fields = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Video:
    """The picture: the first video stream that is no cover art."""

    index: int
    codec: str
    profile: str
    pix_fmt: str
    width: int
    height: int
    """Of the stored frame, before `rotation` and `sar`."""
    fps: Fraction
    """The mean rate, 0 where the container does not tell."""
    rotation: int
    """Degrees clockwise by which a player turns the frame: 0, 90, 180 or 270."""
    sar: Fraction
    """Width of a pixel over its height."""
    interlaced: bool = False
    primaries: str = ""
    transfer: str = ""
    matrix: str = ""
    range: str = ""
    """What it says of its colours, in FFmpeg's words; empty where it says nothing."""

    @property
    def hdr(self) -> bool:
        """Whether its brightness is beyond what an ordinary screen shows (PQ, HLG)."""
        return self.transfer in ("smpte2084", "arib-std-b67")

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as a player shows them, turned and with square pixels."""
        width, height = max(1, round(self.width * self.sar)), self.height
        return (height, width) if self.rotation % 180 else (width, height)


@dataclass(frozen=True, kw_only=True)
class Audio:
    """One sound track."""

    index: int
    codec: str
    profile: str
    channels: int


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a container says of itself. None of it is proven: a duration may lie."""

    format: str
    """FFmpeg's name of the demuxer, such as "mov,mp4,m4a,3gp,3g2,mj2"."""
    brand: str
    """The major brand of a file of the mp4 family, such as "isom" or "qt"; else empty."""
    seconds: float
    """0 where the container does not tell."""
    start: float
    """Timestamp in seconds at which it begins."""
    bytes: int
    video: Video
    audio: tuple[Audio, ...]
    streams: int
    subtitles: tuple[str, ...] = ()
    """The codec of each track of subtitles."""


def probe(path: Path) -> Probe:
    """What the media file at `path` holds. Raises ToolError with a reason that a person understands.

    Permanent, and of cause "corrupt" or "unsupported", when it is no video or beyond our limits.
    """
    _check_file(path)
    found = _read(path, _ffprobe(path))
    _check_limits(found)
    return found


def _check_file(path: Path) -> None:
    """Before anything opens it: a FIFO would be waited for without end, a link may lead anywhere."""
    try:
        status = path.lstat()
    except OSError as error:
        raise ToolError(f"{path.name!r} cannot be read: {error.strerror}", permanent=True, cause="gone") from None
    if not stat.S_ISREG(status.st_mode):
        raise _refusal("it is no regular file")
    if not status.st_size:
        raise _refusal("the file is empty", cause="corrupt")


def _ffprobe(path: Path) -> Fields:
    guards = [word for name, value in GUARDS.items() for word in (f"-{name}", value)]
    # ffprobe decodes a few frames to learn what the container leaves out: not of a picture that is refused anyway
    options = ["-v", "error", "-max_pixels", str(MAX_PIXELS), "-show_entries", _ENTRIES, "-of", "json"]
    try:
        text = tools.output(["ffprobe", *guards, *options, f"file:{path}"], timeout=_TIMEOUT)
        return msgspec.json.decode(text, type=Fields)
    except ToolError as error:
        raise _reason(verdict(error)) from None
    except msgspec.DecodeError:
        raise _refusal("what it says of itself cannot be read", cause="corrupt") from None


def _reason(error: ToolError) -> ToolError:
    """ffprobe's words in ours. "Invalid argument" is how it says that the format is not on the whitelist."""
    if not error.permanent:
        return error
    if "max pixel count" in str(error):
        return _refusal("its picture is larger than can be worked on")
    if "Invalid argument" in str(error):
        return _refusal("it is no video file of a kind that can be worked on (a playlist, a picture, a text?)")
    return _refusal("it is no video file, or a damaged one", cause="corrupt")


def _read(path: Path, fields: Fields) -> Probe:
    streams, container = fields.get("streams", []), fields.get("format", {})
    pictures = [stream for stream in streams if stream.get("codec_type") == "video" and not _is_cover(stream)]
    if not pictures:
        raise _refusal("it has no video stream")
    return Probe(
        format=container.get("format_name", ""),
        brand=container.get("tags", {}).get("major_brand", "").strip(),
        seconds=max(0.0, _number(container, "duration") or _number(pictures[0], "duration")),
        start=_number(container, "start_time"),
        bytes=path.stat().st_size,
        video=_video(pictures[0]),
        audio=tuple(_audio(stream) for stream in streams if stream.get("codec_type") == "audio"),
        streams=len(streams),
        subtitles=tuple(s.get("codec_name", "") for s in streams if s.get("codec_type") == "subtitle"),
    )


def _is_cover(stream: Fields) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _video(stream: Fields) -> Video:
    return Video(
        index=stream["index"],
        codec=stream.get("codec_name", ""),
        profile=stream.get("profile", ""),
        pix_fmt=stream.get("pix_fmt", ""),
        width=stream.get("width", 0),
        height=stream.get("height", 0),
        fps=_ratio(stream, "avg_frame_rate") or _ratio(stream, "r_frame_rate"),
        rotation=_rotation(stream),
        sar=_ratio(stream, "sample_aspect_ratio") or Fraction(1),
        interlaced=stream.get("field_order", "unknown") not in ("unknown", "progressive"),
        primaries=_colour(stream, "color_primaries"),
        transfer=_colour(stream, "color_transfer"),
        matrix=_colour(stream, "color_space"),
        range=_colour(stream, "color_range"),
    )


def _colour(stream: Fields, key: str) -> str:
    said = str(stream.get(key, ""))
    return "" if said in ("unknown", "unspecified", "reserved") else said


def _audio(stream: Fields) -> Audio:
    return Audio(
        index=stream["index"],
        codec=stream.get("codec_name", ""),
        profile=stream.get("profile", ""),
        channels=stream.get("channels", 0),
    )


def _rotation(stream: Fields) -> int:
    """ffprobe counts counterclockwise, in any degrees; players turn by quarters."""
    turns = [_number(data, "rotation") for data in stream.get("side_data_list", []) if "rotation" in data]
    return round(-turns[0] / 90) * 90 % 360 if turns else 0


def _check_limits(found: Probe) -> None:
    video = found.video
    if not video.codec or video.codec == "unknown" or video.width <= 0 or video.height <= 0:
        raise _refusal("its video stream cannot be read", cause="corrupt")
    if video.width * video.height > MAX_PIXELS:
        raise _refusal(f"its picture of {video.width}x{video.height} is larger than can be worked on")
    if video.fps > MAX_RATE:
        raise _refusal(f"its {float(video.fps):.0f} frames a second are more than the {MAX_RATE} that can be worked on")
    if found.streams > MAX_STREAMS:
        raise _refusal(f"its {found.streams} streams are more than the {MAX_STREAMS} that can be worked on")


def _number(fields: Fields, key: str) -> float:
    try:
        value = float(fields[key])
    except (KeyError, ValueError, TypeError):
        return 0.0
    return value if abs(value) < 10**12 else 0.0  # NaN and infinity are not


def _ratio(fields: Fields, key: str) -> Fraction:
    """A ratio as ffprobe writes it, "30000/1001" or "16:15"; 0 where it is missing, "0/0" or no ratio."""
    try:
        return Fraction(str(fields[key]).replace(":", "/"))
    except (KeyError, ValueError, ZeroDivisionError):
        return Fraction(0)


def _refusal(reason: str, *, cause: str = "unsupported") -> ToolError:
    return ToolError(f"not a video that can be used: {reason}", permanent=True, cause=cause)
