"""How each of them is told to cut a source into parts of at most so many seconds."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.cutter.usage import Usage, of
from bench.messaging import peers
from clipmill.probe import probe

Command = list[str | Path]
Commands = Callable[[Path, Path, float], Iterator[Command]]
"""From source, folder and limit to commands that are run one after the other in the folder."""

_CLIPMILL = Path(sys.executable).parent / "clipmill"
_FFMPEG: Command = ["ffmpeg", "-y", "-v", "error"]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One way to cut."""

    name: str
    commands: Commands
    missing: str = ""
    """Why it cannot run here."""

    def cut(self, source: Path, folder: Path, limit: float) -> tuple[Usage, list[Path]]:
        """What it used, and the parts in their order."""
        used = Usage(cpu=0, peak=0)
        for command in self.commands(source, folder, limit):
            used += of(command, folder)
        return used, sorted(path for path in folder.iterdir() if path.suffix != ".txt")


def everybody() -> list[Contender]:
    """In the order of the table."""
    mkvmerge = "" if shutil.which("mkvmerge") else "mkvtoolnix is not installed"
    return [
        Contender(name="original", commands=_original),
        Contender(name="-f segment", commands=_segment),
        Contender(name="re-encode", commands=_encode),
        Contender(name="smartcut", commands=_smartcut),
        Contender(name="mkvmerge", commands=_mkvmerge, missing=mkvmerge),
        Contender(name="clipmill", commands=_clipmill),
        Contender(name="clipmill exact", commands=_clipmill_exact),
    ]


def _original(source: Path, folder: Path, limit: float) -> Iterator[Command]:
    for number, start in enumerate(_starts(source, limit)):
        target = folder / f"{number:03}{_suffix(source)}"
        yield [*_FFMPEG, "-ss", f"{start:g}", "-i", source, "-t", f"{limit:g}", "-c", "copy", target]


def _segment(source: Path, folder: Path, limit: float) -> Iterator[Command]:
    split = ["-f", "segment", "-segment_time", f"{limit:g}", "-reset_timestamps", "1"]
    yield [
        *_FFMPEG,
        "-i",
        source,
        "-map",
        "0:V:0",
        "-map",
        "0:a?",
        "-c",
        "copy",
        *split,
        folder / f"%03d{_suffix(source)}",
    ]


def _encode(source: Path, folder: Path, limit: float) -> Iterator[Command]:
    keys = ["-force_key_frames", f"expr:gte(t,n_forced*{limit:g})", "-c:v", "libx264", "-c:a", "aac"]
    split = ["-f", "segment", "-segment_time", f"{limit:g}", "-reset_timestamps", "1"]
    yield [*_FFMPEG, "-i", source, *keys, *split, folder / "%03d.mp4"]


def _smartcut(source: Path, folder: Path, limit: float) -> Iterator[Command]:
    smartcut = peers.python().parent / "smartcut"
    starts = _starts(source, limit)
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], _seconds(source)], strict=True)):
        yield [smartcut, source, folder / f"{number:03}{_suffix(source)}", "--keep", f"{start:g},{end:g}"]


def _mkvmerge(source: Path, folder: Path, limit: float) -> Iterator[Command]:
    yield ["mkvmerge", "-q", "-o", folder / "%03d.mkv", "--split", f"{limit:g}s", source]


def _clipmill(source: Path, folder: Path, limit: float) -> Iterator[Command]:
    yield [_CLIPMILL, "cut", source, "--max", f"{limit:g}", "-o", folder]


def _clipmill_exact(source: Path, folder: Path, limit: float) -> Iterator[Command]:
    yield [_CLIPMILL, "cut", source, "--max", f"{limit:g}", "--cut", "exact", "-o", folder]


def _starts(source: Path, limit: float) -> list[float]:
    return [number * limit for number in range(math.ceil(_seconds(source) / limit))]


def _seconds(source: Path) -> float:
    return probe(source).seconds


def _suffix(source: Path) -> str:
    return source.suffix
