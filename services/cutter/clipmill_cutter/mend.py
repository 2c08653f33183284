"""Makes of a recording whose times jump one with times that go on, by copying its packets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clipmill import ffmpeg_tool
from clipmill.probe import Probe
from clipmill_cutter.format import MATROSKA, Format


def mend(
    source: Path, found: Probe, format: Format, folder: Path, timeout: float, on_percent: Callable[[float], None]
) -> Path:
    """The mended copy, in `folder`. FFmpeg sees the jump in picture and sound alike and moves both by the same time."""
    target = folder / f"mended{format.suffix}"
    unfinished = target.with_name(f"mended.unfinished{format.suffix}")
    if target.exists():
        return target
    opened = ffmpeg_tool.source(source)
    indexes = [found.video.index, *(track.index for track in found.audio if track.codec)]
    wanted = [opened[str(index)] for index in indexes]
    more: ffmpeg_tool.Options = {} if format is MATROSKA else {"movflags": "+faststart"}
    sink = ffmpeg_tool.sink(unfinished, *wanted, c="copy", max_muxing_queue_size=4096, **more)
    ffmpeg_tool.run(sink, seconds=found.seconds, threads=1, timeout=timeout, on_percent=on_percent)
    unfinished.rename(target)
    return target
