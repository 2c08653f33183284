"""Small videos that ffmpeg makes for the tests, each made once on a machine and then copied."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.rig.program import run

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "64k")


def clip(
    folder: Path,
    name: str = "clip.mp4",
    *,
    seconds: float = 2,
    size: str = "160x90",
    codecs: tuple[str, ...] = (*H264, *AAC),
    picture: bool = True,
    sound: bool = True,
) -> Path:
    """A moving test picture with a tone, as `folder/name`; the suffix decides on the container."""
    video = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration={seconds}") if picture else ()
    audio = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}") if sound else ()
    return _copied(folder / name, (*video, *audio, *codecs))


def noise(folder: Path, name: str = "noise.mp4", *, seconds: float = 4, size: str = "320x180") -> Path:
    """A clip that compresses badly (about a megabyte a second), for tests that count bytes."""
    source = ("-f", "lavfi", "-i", f"nullsrc=size={size}:rate=25:duration={seconds},geq=random(1)*255:128:128")
    return _copied(folder / name, (*source, "-c:v", "libx264", "-preset", "ultrafast", "-qp", "20"))


def hls(folder: Path, *, seconds: float = 4) -> Path:
    """An HLS playlist, `folder/index.m3u8`, with a segment of MPEG-TS a second."""
    return _segmented(folder, "index.m3u8", seconds, ("-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod"))


def dash(folder: Path, *, seconds: float = 4) -> Path:
    """A DASH manifest, `folder/manifest.mpd`, with picture and sound as segments apart."""
    return _segmented(folder, "manifest.mpd", seconds, ("-f", "dash", "-seg_duration", "1"))


def _segmented(folder: Path, name: str, seconds: float, muxer: tuple[str, ...]) -> Path:
    whole = clip(folder, "whole.mp4", seconds=seconds)
    run(["ffmpeg", "-y", "-v", "error", "-i", str(whole), "-map", "0", "-c", "copy", *muxer, str(folder / name)])
    whole.unlink()
    return folder / name


def once(target: Path, words: tuple[str, ...], make: Callable[[Path], object]) -> Path:
    """A copy as `target` of what `make` makes, once on a machine for the same `words` and suffix."""
    digest = hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]
    made = Path(tempfile.gettempdir()) / f"clipmill-clips-{os.geteuid()}" / f"{digest}{target.suffix}"
    if not made.exists():
        made.parent.mkdir(exist_ok=True)
        _made_whole(made, make)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, target)
    return target


def _copied(target: Path, arguments: tuple[str, ...]) -> Path:
    return once(
        target, arguments, lambda path: run(["ffmpeg", "-y", "-v", "error", *arguments, "-shortest", str(path)])
    )


def _made_whole(made: Path, make: Callable[[Path], object]) -> None:
    """Two test runs at the same time never see half a file."""
    beside = made.with_name(f"{os.getpid()}-{made.name}")
    make(beside)
    beside.rename(made)


def turned(source: Path, name: str) -> Path:
    """`source`, an mp4, as `name` beside it and marked to be shown turned by a quarter, clockwise, as phones do it.

    By its bytes, since the options that ffmpeg has had for it differ from version to version.
    """
    data = bytearray(source.read_bytes())
    header = data.index(b"tkhd") + 4
    height = int.from_bytes(data[header + 80 : header + 84], "big")
    matrix = (0, 1 << 16, 0, -1 << 16, 0, 0, height, 0, 1 << 30)
    data[header + 40 : header + 76] = b"".join(number.to_bytes(4, "big", signed=True) for number in matrix)
    target = source.with_name(name)
    target.write_bytes(data)
    return target


def display(source: Path, degrees: int) -> Path:
    """`source`, an mp4, turned clockwise by 180 or 270 degrees, in the same way."""
    data = bytearray(source.read_bytes())
    header = data.index(b"tkhd") + 4
    width = int.from_bytes(data[header + 76 : header + 80], "big")
    height = int.from_bytes(data[header + 80 : header + 84], "big")
    one = 1 << 16
    half, three = (-one, 0, 0, 0, -one, 0, width, height, 1 << 30), (0, -one, 0, one, 0, 0, 0, width, 1 << 30)
    matrix = half if degrees == 180 else three
    data[header + 40 : header + 76] = b"".join(number.to_bytes(4, "big", signed=True) for number in matrix)
    target = source.with_name(f"turned-{degrees}.mp4")
    target.write_bytes(data)
    return target
