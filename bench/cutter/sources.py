"""What is cut: kinds of the tests' corpus, and long ones of 1080p."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.integration.cutter.sources import KINDS
from tests.rig.program import run

_KINDS = (
    "closed GOPs",
    "closed GOPs in Matroska",
    "closed GOPs in MPEG-TS",
    "29.97 a second",
    "variable rate",
    "no sound",
    "two sound tracks",
    "turned by a quarter",
    "begins at 100 s",
    "cover art",
    "open GOPs",
    "one GOP",
    "edit list",
    "10 bits",
    "HEVC",
    "HEVC in closed GOPs",
    "VP9 in WebM",
    "AV1 in mp4",
)
_PIECE = 37
"""Seconds that are encoded; long sources repeat them, and no cut at 30 s falls on a join of two."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One source, cut at `limit` seconds."""

    name: str
    limit: float
    make: Callable[[Path], Path]
    judged: bool = True


def small() -> Iterator[Sample]:
    """Kinds of which every picture is looked at afterwards."""
    by_name = {kind.name: kind for kind in KINDS}
    for name in _KINDS:
        yield Sample(name=name, limit=10, make=by_name[name].make)


def long(minutes: int) -> Sample:
    """1080p in closed GOPs of 250 pictures, so many minutes of it."""
    return Sample(name=f"{minutes} min", limit=30, make=lambda folder: _repeated(folder, minutes), judged=False)


def _repeated(folder: Path, minutes: int) -> Path:
    """One piece as often as need be: to encode hours would take longer than all else."""
    piece, script, target = folder / "piece.mp4", folder / "pieces.txt", folder / f"{minutes}-min.mp4"
    picture = f"testsrc2=size=1920x1080:rate=30:duration={_PIECE},noise=alls=6"
    sound = f"anoisesrc=color=pink:duration={_PIECE}:sample_rate=48000"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    codecs = ["-c:v", "libx264", "-preset", "veryfast", "-g", "250", "-sc_threshold", "0", "-c:a", "aac"]
    if not piece.exists():
        run(["ffmpeg", "-y", "-v", "error", *inputs, *codecs, str(piece)])
    script.write_text(f"file '{piece}'\n" * math.ceil(minutes * 60 / _PIECE))
    joined = ["-f", "concat", "-safe", "0", "-i", str(script), "-t", str(minutes * 60), "-c", "copy"]
    run(["ffmpeg", "-y", "-v", "error", *joined, str(target)])
    return target
