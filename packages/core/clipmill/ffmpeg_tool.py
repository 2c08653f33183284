"""Compiles a ffmpeg command line with ffmpeg-python, guards its inputs, and runs it with progress and a time limit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ffmpeg

from clipmill import tools
from clipmill.outcome import ToolError

FORMATS = "mov,matroska,webm,mpegts,mpeg,avi,flv,asf,ogg"
"""Containers that hold media and nothing else. A playlist (HLS, DASH, ffconcat) is not among them: it would make ffmpeg
open the files that it names, whatever its own name ends in, and `protocol_whitelist` does not stop that."""

GUARDS = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
"""Input options for whatever opens a file that came from outside: ffmpeg, ffprobe, PyAV."""

_GLOBAL = ["-nostdin", "-hide_banner", "-v", "error", "-progress", "pipe:1", "-nostats"]

# Words of ffmpeg for what another attempt may well survive; any other failure comes from the file, and comes again.
_PASSING = ("Cannot allocate memory", "Resource temporarily unavailable", "Input/output error")

Stream = Any  # ffmpeg-python has no types
Options = dict[str, str | int | float | None]
"""Options by name without the dash; None for one that takes no value."""


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """What ffmpeg said of its first video output when it had ended."""

    frames: int
    doubled: int
    dropped: int


def source(path: Path, **options: str | int | float | None) -> Stream:
    """An input; `path` may have any name: a colon, a leading dash or a `%d` in it means nothing."""
    return ffmpeg.input(f"file:{path}", **GUARDS, **options)


def sink(path: Path, *streams: Stream, **options: str | int | float | None) -> Stream:
    """An output at `path`, which is replaced when it is there."""
    return ffmpeg.output(*streams, f"file:{path}", **options)


def joined(script: Path, pieces: Sequence[Path]) -> Stream:
    """An input that is all `pieces` one after the other, by a playlist of them that is written beside them as `script`.

    It is the one playlist that ffmpeg is ever allowed to follow: we wrote it, and made and named what it leads to.
    """
    script.write_text("ffconcat version 1.0\n" + "".join(f"file {piece.name}\n" for piece in pieces))
    guards = GUARDS | {"format_whitelist": f"concat,{FORMATS}"}
    return ffmpeg.input(f"file:{script}", f="concat", **guards)


def run(
    *sinks: Stream, seconds: float, threads: int, timeout: float, on_percent: Callable[[float], None] | None = None
) -> Encoded:
    """Run ffmpeg until all `sinks` are written; `seconds` is how long the first one will be, for the per cent.

    Raises ToolError, permanent unless the machine was at fault.
    """
    graph = ffmpeg.merge_outputs(*sinks) if len(sinks) > 1 else sinks[0]
    filters = ["-filter_threads", str(threads), "-filter_complex_threads", str(threads)]
    command = ffmpeg.compile(graph, cmd=["ffmpeg", *_GLOBAL, *filters], overwrite_output=True)
    progress = _Progress(seconds, on_percent)
    try:
        tools.run(command, timeout=timeout, on_line=progress.line)
    except ToolError as error:
        raise verdict(error) from None
    return progress.encoded()


def verdict(error: ToolError) -> ToolError:
    """A failure of ffmpeg or ffprobe with the answer to whether another attempt is of any use."""
    if error.cause != "tool" or any(words in str(error) for words in _PASSING):
        return error
    return ToolError(str(error), permanent=True, cause="corrupt")


@dataclass
class _Progress:
    """Reads what `-progress` writes: blocks of key=value lines, each block ended by a line `progress=…`."""

    seconds: float
    on_percent: Callable[[float], None] | None
    fields: dict[str, str] = field(default_factory=dict)

    def line(self, text: str) -> None:
        key, _, value = text.partition("=")
        self.fields[key] = value
        # out_time_us is "N/A" until the first packet is written
        if key == "progress" and self.on_percent and self.seconds > 0:
            with contextlib.suppress(KeyError, ValueError):
                self.on_percent(min(100.0, int(self.fields["out_time_us"]) / (self.seconds * 10_000)))

    def encoded(self) -> Encoded:
        count = {key: int(self.fields.get(key, "0")) for key in ("frame", "dup_frames", "drop_frames")}
        return Encoded(frames=count["frame"], doubled=count["dup_frames"], dropped=count["drop_frames"])
