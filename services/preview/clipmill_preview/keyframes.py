"""Finds keyframes near given times, without decoding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from clipmill import tools
from clipmill.ffmpeg_tool import GUARDS
from clipmill.outcome import ToolError
from clipmill.probe import Probe

_TIMEOUT = 120.0


def keyframes(path: Path, found: Probe, times: Sequence[float]) -> tuple[float, ...]:
    """The keyframes to which a player jumps for `times`, in seconds from the beginning; () where it cannot jump."""
    if not times:
        return ()
    # one packet after each jump; times here are the file's own, which may begin anywhere
    intervals = ",".join(f"{found.start + time:.3f}%+#1" for time in times)
    guards = [word for name, value in GUARDS.items() for word in (f"-{name}", value)]
    stream = ["-select_streams", str(found.video.index), "-show_entries", "packet=pts_time,dts_time", "-of", "csv=p=0"]
    try:
        text = tools.output(
            ["ffprobe", "-v", "error", *guards, *stream, "-read_intervals", intervals, f"file:{path}"], timeout=_TIMEOUT
        )
    except ToolError:
        # the file cannot be jumped in; its beginning will do, and if that cannot be read either, ffmpeg will say so
        return ()
    return tuple(time - found.start for time in _numbers(text) if time >= found.start)


def _numbers(text: str) -> Iterator[float]:
    """The first time on each line: AVI's packets tell only when they are decoded ("N/A,12.0"), which will do."""
    for line in text.splitlines():
        if found := re.search(r"-?\d+\.\d+", line):
            yield float(found[0])
