"""Looks at what was made before it is published: ffmpeg ends well on a disk that was full for its last bytes."""

from __future__ import annotations

from pathlib import Path

from clipmill.outcome import ToolError
from clipmill.probe import Probe, probe
from clipmill_preview.size import MAX_HEIGHT, MAX_WIDTH

_LONGEST = 10.0
_JPEG_BEGINS, _JPEG_ENDS = b"\xff\xd8", b"\xff\xd9"


def preview(path: Path) -> float:
    """How many seconds the preview lasts. Raises ToolError when it is none that a phone plays."""
    try:
        found = probe(path)
    except ToolError as error:
        raise _complaint(str(error)) from None
    if not _plays(found):
        raise _complaint(f"what came out is {found.video.codec} {found.video.pix_fmt}, {found.seconds:g} s")
    return found.seconds


def poster(path: Path) -> None:
    """Raises ToolError when the poster is no whole JPEG."""
    data = path.read_bytes() if path.exists() else b""
    if not (data.startswith(_JPEG_BEGINS) and data.endswith(_JPEG_ENDS)):
        raise _complaint("no picture came out")


def _plays(found: Probe) -> bool:
    video = found.video
    small = video.width <= MAX_WIDTH and video.height <= MAX_HEIGHT and not (video.width % 2 or video.height % 2)
    return small and (video.codec, video.pix_fmt) == ("h264", "yuv420p") and 0 < found.seconds <= _LONGEST


def _complaint(reason: str) -> ToolError:
    return ToolError(f"the preview is not as it should be: {reason}")
