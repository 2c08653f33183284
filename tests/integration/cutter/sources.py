"""The kinds of sources that people send, each small, with joins to be made at parts of ten seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.media.clips import turned
from tests.media.counted import AAC, H264, counted, remade


@dataclass(frozen=True)
class Kind:
    """A kind of source, and whether its picture may be copied."""

    name: str
    copied: bool
    make: Callable[[Path], Path]

    def __str__(self) -> str:
        return self.name


def closed(folder: Path, name: str = "closed.mp4") -> Path:
    """H.264 in closed GOPs of 80 pictures: cuts at 8 and 16 s."""
    return counted(folder, name, *H264, "-g", "80", *AAC)


def x264(folder: Path, parameters: str, *options: str, gop: int = 60, name: str = "source.mp4") -> Path:
    return counted(folder, name, *H264, "-g", str(gop), "-x264-params", parameters, *options, *AAC, seconds=15)


def with_cover(folder: Path) -> Path:
    source = closed(folder)
    cover = remade(source, "cover.png", "-frames:v", "1")
    both = ("-map", "1:v", "-map", "0", "-c", "copy", "-disposition:v:0", "attached_pic")
    return remade(source, "covered.mp4", "-i", str(cover), *both)


def variable(folder: Path) -> Path:
    """Every third of some pictures is left out, and the gaps stay."""
    every = ("-vf", "select=mod(n*n\\,3)", "-fps_mode", "passthrough", "-enc_time_base:v", "1:15360")
    return remade(closed(folder), "variable.mp4", *every, *H264, "-g", "60", "-c:a", "copy")


def tracks(folder: Path) -> Path:
    other = closed(folder, "other.mkv")
    maps = ("-map", "0", "-map", "1:a", "-c:v", "copy", "-c:a:0", "copy", "-c:a:1", "libopus")
    return remade(closed(folder), "tracks.mkv", "-i", str(other), *maps)


def late_sound(folder: Path) -> Path:
    """The sound begins four seconds after the picture."""
    source = closed(folder)
    return remade(source, "late.mp4", "-itsoffset", "4", "-i", str(source), "-map", "0:v", "-map", "1:a", "-c", "copy")


VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-g", "100")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-auto-alt-ref", "1")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error")

KINDS = (
    Kind("closed GOPs", True, closed),
    Kind("closed GOPs in Matroska", True, lambda folder: closed(folder, "source.mkv")),
    Kind("closed GOPs in MPEG-TS", True, lambda folder: closed(folder, "source.ts")),
    Kind("closed GOPs, sound as Opus", True, lambda f: counted(f, "s.mkv", *H264, "-g", "80", "-c:a", "libopus")),
    Kind("fragmented", True, lambda f: remade(closed(f), "f.mp4", "-c", "copy", "-movflags", "frag_keyframe")),
    Kind("all intra", True, lambda folder: counted(folder, "source.mp4", *H264, "-g", "1", *AAC)),
    Kind("29.97 a second", True, lambda f: counted(f, "s.mp4", *H264, "-g", "60", *AAC, rate="30000/1001")),
    Kind("variable rate", True, variable),
    Kind("no sound", True, lambda folder: counted(folder, "source.mp4", *H264, "-g", "80", sound=False)),
    Kind("two sound tracks", True, tracks),
    Kind("sound begins late", True, late_sound),
    Kind("turned by a quarter", True, lambda folder: turned(closed(folder), "turned.mp4")),
    Kind("begins at 100 s", True, lambda f: remade(closed(f), "o.mp4", "-c", "copy", "-output_ts_offset", "100")),
    Kind("cover art", True, with_cover),
    Kind("open GOPs", False, lambda folder: x264(folder, "open-gop=1")),
    Kind("intra refresh", False, lambda folder: x264(folder, "intra-refresh=1:bframes=0")),
    Kind("one GOP", False, lambda folder: x264(folder, "keyint=infinite")),
    Kind("edit list", False, lambda f: remade(closed(f), "e.mp4", "-c", "copy", before=("-ss", "3.3"))),
    Kind("H.264 in AVI", False, lambda f: counted(f, "s.avi", *H264, "-g", "60", "-c:a", "libmp3lame", seconds=15)),
    Kind("10 bits", False, lambda f: counted(f, "s.mp4", *H264, *AAC, pix="yuv420p10le", seconds=15)),
    Kind("4:2:2", False, lambda f: counted(f, "s.mp4", *H264, *AAC, pix="yuv422p", seconds=15)),
    Kind("odd size", False, lambda f: counted(f, "s.mkv", *H264, *AAC, size="321x181", pix="yuv444p", seconds=15)),
    Kind("HEVC", False, lambda folder: counted(folder, "source.mp4", *HEVC, *AAC, seconds=15)),
    Kind(
        "HEVC turned",
        False,
        lambda folder: turned(counted(folder, "source.mp4", *HEVC, *AAC, seconds=15), "turned.mp4"),
    ),
    Kind("VP9 in WebM", False, lambda f: counted(f, "s.webm", *VP9, "-c:a", "libopus", seconds=15)),
    Kind("VP8 in WebM", False, lambda f: counted(f, "s.webm", *VP8, "-c:a", "libopus", seconds=15)),
    Kind("MPEG-2", False, lambda f: counted(f, "s.ts", "-c:v", "mpeg2video", "-q:v", "3", *AAC, seconds=15)),
    Kind(
        "MPEG-4 in AVI",
        False,
        lambda f: counted(f, "s.avi", "-c:v", "mpeg4", "-bf", "2", "-q:v", "3", "-c:a", "libmp3lame", seconds=15),
    ),
)
