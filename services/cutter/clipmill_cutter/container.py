"""The one door to PyAV: opens media files to read and to write, and turns its exceptions into ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer

from clipmill.ffmpeg_tool import GUARDS
from clipmill.outcome import ToolError
from clipmill_cutter.format import Format
from clipmill_cutter.unfit import Unfit

Packet = Any  # av.Packet is generic over its stream, and ours are of both kinds
Track = Any

_STYLES = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
_TECHNICAL = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration")
_OF_TRACK = ("language", "title", "handler_name")


@contextlib.contextmanager
def reading(path: Path) -> Iterator[InputContainer]:
    """The media file at `path`, guarded as every input. Raises ToolError where it cannot be read."""
    try:
        # titles are in any encoding
        source = av.open(f"file:{path}", options=dict(GUARDS), metadata_errors="replace")
    except av.FFmpegError as error:
        raise _unreadable(error) from error
    with source:
        yield source


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """A block in which mp4s are written: what PyAV raises in it is about writing, since `packets` turns its own.

    Raises ToolError for the system's errors, a full disk say, and Unfit for packets that the muxer does not take.
    """
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError | MemoryError):
            raise ToolError(f"a part could not be written: {error.strerror}", cause="disk") from error
        raise Unfit(f"packets of the source do not fit into an mp4: {error.strerror}") from error


def new(path: Path, format: Format) -> OutputContainer:
    """A file to be written at `path`; what was there is unlinked first, for it may be a hard link of the source."""
    path.unlink(missing_ok=True)
    return av.open(f"file:{path}", "w", format=format.name, options=dict(format.options))


def picture(source: InputContainer) -> Track:
    """The first video stream that is no cover art. Raises ToolError when there is none."""
    for stream in source.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise ToolError("the file has no video stream", permanent=True, cause="unsupported")


def sounds(source: InputContainer) -> list[Track]:
    """The sound tracks whose codec is known."""
    return [stream for stream in source.streams.audio if stream.codec_context]


def amount(packet: Packet, track: Track) -> int:
    """What is counted of sound: packets, or bytes where a reader makes packets as it likes."""
    return packet.size if track.codec_context.name.startswith("pcm_") else 1


def subtitles(source: InputContainer) -> list[Track]:
    """The tracks of subtitles whose codec is known."""
    return [stream for stream in source.streams.subtitles if stream.codec_context]


def others(source: InputContainer, *carried: Track) -> list[str]:
    """What else the file holds, in words."""
    kept = {track.index for track in carried}
    return [_in_words(stream) for stream in source.streams if stream.index not in kept and _counts(stream)]


def _counts(stream: Track) -> bool:
    """The text track of a mp4's chapters is what its chapters are made of."""
    return not (stream.type == "data" and stream.metadata.get("handler_name") == "SubtitleHandler")


def _in_words(stream: Track) -> str:
    cover = stream.type == "video" and stream.disposition & av.stream.Disposition.attached_pic
    codec = stream.codec_context.name if stream.codec_context else "unknown"
    return "cover art" if cover else f"{stream.type} of kind {codec}"


def describe(target: OutputContainer, source: InputContainer, chapters: list[Any]) -> None:
    """Give `target` what the source says of itself, and chapters of its own."""
    told = {key: text for key, text in source.metadata.items() if key.lower() not in _TECHNICAL}
    target.metadata.update(told)
    if chapters:
        target.set_chapters(chapters)


def packet_like(packet: Packet, track: Track, clock: Fraction, data: bytes, pts: int | None = None) -> Packet:
    """A packet of `track`, an input's, that holds `data`; whoever writes it gives it its times."""
    new = av.Packet(data)
    new.time_base = clock
    new.is_keyframe = packet.is_keyframe
    new.pts = pts
    new.stream = track
    return new


def text_packet(data: bytes, pts: int, duration: int, clock: Fraction, track: Track) -> Packet:
    """A packet of subtitles for `track`, an output's."""
    new = av.Packet(data)
    new.time_base, new.pts, new.dts, new.duration = clock, pts, pts, duration
    new.is_keyframe = True
    new.stream = track
    return new


def add(target: OutputContainer, template: Track) -> Track:
    """A track of `target` for the packets of `template`, with the same clock, so that no timestamp is rounded."""
    # opaque: the codec's parameters as they are, though this FFmpeg may have no encoder for them
    track = target.add_stream_from_template(template, opaque=True)
    track.time_base = template.time_base
    track.metadata.update({key: text for key, text in template.metadata.items() if key.lower() in _OF_TRACK})
    track.disposition = template.disposition
    return track


def add_text(target: OutputContainer, template: Track) -> Track:
    """A track of `target`, an mp4, for subtitles that become plain text."""
    track = target.add_stream("mov_text")
    track.codec_context.subtitle_header = (
        _STYLES  # without which FFmpeg's encoder, which writes the header, does not open
    )
    track.time_base = Fraction(1, 1000)
    track.metadata.update({key: text for key, text in template.metadata.items() if key.lower() in _OF_TRACK})
    return track


def tells_times(source: InputContainer) -> bool:
    """Whether the format stores when a picture is shown. AVI does not, and what is made up for it can be wrong."""
    return source.format.name != "avi"


def indexed(source: InputContainer, track: Track) -> int:
    """How many packets of `track` the file's index promises; 0 where it has none. One that is cut short keeps fewer."""
    return len(track.index_entries) if _is_mp4(source) else 0


def has_index(source: InputContainer) -> bool:
    """Whether the file says how long each track is, so that sound need not be read to know its end."""
    return _is_mp4(source)


def _is_mp4(source: InputContainer) -> bool:
    return "mp4" in source.format.name


def may_jump(source: InputContainer) -> bool:
    """Whether the format is one of broadcasts, in which times begin anew wherever a recording was joined."""
    return source.format.name in ("mpegts", "mpeg")


def packets(source: InputContainer, *tracks: Track) -> Iterator[Packet]:
    """The packets of `tracks` in stored order; what belongs to other streams is not even read where that is possible.

    Raises ToolError where the file is damaged.
    """
    wanted = {track.index for track in tracks}
    for stream in source.streams:
        if stream.index not in wanted:
            stream.discard = av.stream.Discard.all
    stored = source.demux(*tracks)
    while packet := _next(stored):
        if packet.size:  # the last packet of each stream is an empty one that tells decoders to end
            yield packet


def _next(stored: Iterator[Packet]) -> Packet | None:
    try:
        return next(stored, None)
    except av.FFmpegError as error:
        raise _unreadable(error) from error
    except IndexError as error:
        # PyAV's list of streams is made when it opens the file; MPEG-TS may begin another one at any time
        reason = "another stream begins in the middle of the file"
        raise ToolError(reason, permanent=True, cause="unsupported") from error


def _unreadable(error: av.FFmpegError) -> ToolError:
    if isinstance(error, av.error.MemoryError):
        return ToolError("there is not enough memory to read the file", cause="memory")
    reason = f"the file is damaged or ends too early: {error.strerror}"
    return ToolError(reason, permanent=True, cause="corrupt")
