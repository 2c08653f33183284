"""The one door to PyAV: opens media files to read and to write, and turns its exceptions into ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer

from clipmill.ffmpeg_tool import GUARDS
from clipmill.outcome import ToolError
from clipmill_cutter.unfit import Unfit

Packet = Any  # av.Packet is generic over its stream, and ours are of both kinds
Track = Any

# `avoid_negative_ts` would move every stream when a sound packet begins a few milliseconds before the first picture;
# the second limit keeps the muxer from holding ten seconds of a 4K picture in memory while it waits for late sound.
_MUXER = {"movflags": "+faststart", "avoid_negative_ts": "disabled", "max_interleave_delta": "1000000"}


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


def new(path: Path) -> OutputContainer:
    """An mp4 to be written at `path`; what was there is unlinked first, for it may be a hard link of the source."""
    path.unlink(missing_ok=True)
    return av.open(f"file:{path}", "w", format="mp4", options=dict(_MUXER))


def picture(source: InputContainer) -> Track:
    """The first video stream that is no cover art. Raises ToolError when there is none."""
    for stream in source.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    raise ToolError("the file has no video stream", permanent=True, cause="unsupported")


def sounds(source: InputContainer) -> list[Track]:
    """The sound tracks whose codec is known."""
    return [stream for stream in source.streams.audio if stream.codec_context]


def add(target: OutputContainer, template: Track) -> Track:
    """A track of `target` for the packets of `template`, with the same clock, so that no timestamp is rounded."""
    # opaque: the codec's parameters as they are, though this FFmpeg may have no encoder for them
    track = target.add_stream_from_template(template, opaque=True)
    track.time_base = template.time_base
    return track


def tells_times(source: InputContainer) -> bool:
    """Whether the format stores when a picture is shown. AVI does not, and what is made up for it can be wrong."""
    return source.format.name != "avi"


def indexed(source: InputContainer, track: Track) -> int:
    """How many packets of `track` the file's index promises; 0 where it has none. One that is cut short keeps fewer."""
    return len(track.index_entries) if "mp4" in source.format.name else 0


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
