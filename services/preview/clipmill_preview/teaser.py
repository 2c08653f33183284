"""Makes a preview: clips of the source one after the other, then one file of them.

One ffmpeg a clip, and not one with an input a clip: that one decodes all of them at once, and ffmpeg 7.1 keeps every
picture of the later ones until the first has been shown. Four clips of 1080p took 340 MB, one by one they take 130.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clipmill import ffmpeg_tool
from clipmill.ffmpeg_tool import Options
from clipmill.outcome import ToolError
from clipmill.probe import Probe
from clipmill_preview.clip import Cut, cut
from clipmill_preview.clips import Clip

log = logging.getLogger(__name__)

_JOINED: Options = {
    "c:v": "copy",
    "c:a": "aac",
    "b:a": "96k",
    "movflags": "+faststart",
    "map_metadata": -1,
    "map_chapters": -1,
}


@dataclass(frozen=True, kw_only=True)
class Teaser:
    """What a preview shows, how large, and the means to make it."""

    source: Path
    found: Probe
    clips: Sequence[Clip]
    size: tuple[int, int]
    threads: int
    timeout: float


def make(teaser: Teaser, target: Path, on_percent: Callable[[float], None]) -> None:
    """Write the preview to `target`. Raises ToolError."""
    pieces = list(_pieces(teaser, target.parent, on_percent))
    if not pieces:
        raise ToolError("no preview can be made: none of its pictures can be shown", permanent=True, cause="corrupt")
    script = target.with_suffix(".ffconcat")
    _join(teaser, pieces, script, target)
    for path in (script, *pieces):
        path.unlink()


def _pieces(teaser: Teaser, folder: Path, on_percent: Callable[[float], None]) -> Iterator[Path]:
    """A file for each clip that can be had: a damaged source may have lost what one of them was to show."""
    for number, clip in enumerate(teaser.clips):
        piece = folder / f"clip-{number + 1}.mov"
        if cut(_cut(teaser, clip), piece):
            yield piece
        else:
            log.warning("nothing can be shown at %.1f s", clip.start)
        on_percent(90.0 * (number + 1) / len(teaser.clips))


def _cut(teaser: Teaser, clip: Clip) -> Cut:
    return Cut(
        source=teaser.source,
        found=teaser.found,
        clip=clip,
        size=teaser.size,
        exactly=len(teaser.clips) > 1,
        threads=teaser.threads,
        timeout=teaser.timeout,
    )


def _join(teaser: Teaser, pieces: Sequence[Path], script: Path, target: Path) -> None:
    """Copy the pictures of all pieces, and encode their sound, which is raw until here so that no join is heard."""
    sink = ffmpeg_tool.sink(target, ffmpeg_tool.joined(script, pieces), **_JOINED)
    seconds = sum(clip.length for clip in teaser.clips)
    ffmpeg_tool.run(sink, seconds=seconds, threads=teaser.threads, timeout=teaser.timeout)
