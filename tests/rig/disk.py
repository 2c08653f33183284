"""A small disk for the store, which a file can fill to the last byte."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

_BLOCK = bytes(1 << 16)
FILLER = "filler"


@contextlib.contextmanager
def small_disk(path: Path, *, megabytes: int) -> Iterator[None]:
    """A file system of its own at `path`, in memory; needs the right to mount."""
    path.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "small", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def fill(disk: Path) -> None:
    """Not a byte is free afterwards."""
    with (disk / FILLER).open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(_BLOCK):
            pass


def free(disk: Path) -> None:
    """There is room again."""
    (disk / FILLER).unlink(missing_ok=True)


def write(path: Path, *, megabytes: int) -> None:
    """A file that really takes so much room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(megabytes << 20))
