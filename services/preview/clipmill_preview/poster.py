"""Makes the poster: the most typical keyframe of the preview, neither black nor in a cross-fade, as a JPEG."""

from __future__ import annotations

from pathlib import Path

from clipmill import ffmpeg_tool
from clipmill.ffmpeg_tool import Options

_JPEG: Options = {"f": "image2", "update": 1, "frames:v": 1, "c:v": "mjpeg", "q:v": 3, "pix_fmt": "yuvj420p"}
_OUT_OF = 16
"""Keyframes that are compared; each is held in memory."""


def make(preview: Path, target: Path, *, timeout: float) -> None:
    """Write the poster of `preview` to `target`. Raises ToolError."""
    keyframes = ffmpeg_tool.source(preview, threads=1, skip_frame="nokey")["v:0"]
    sink = ffmpeg_tool.sink(target, keyframes.filter("thumbnail", _OUT_OF), **_JPEG, threads=1)
    ffmpeg_tool.run(sink, seconds=0, threads=1, timeout=timeout)
