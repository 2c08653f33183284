"""Takes a file that a person's command put into the inbox into the workspace."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from clipmill.outcome import ToolError
from clipmill.workspace import Workspace
from clipmill_download import names
from clipmill_download.catch import Catch, Fetched

_STRETCH = 64 << 20


def take(source: Path, workspace: Workspace) -> Catch:
    """A copy of `source`: its owner may still write to it, and a worker's file must not change under it."""
    target = workspace.path / f"{names.stem(source.name)}{names.suffix(source)}"
    with _opened(source) as original:
        size = os.fstat(original.fileno()).st_size
        with target.open("wb") as copy:
            for done in _copied(original, copy):
                workspace.progress(min(99.0, 100 * done / max(size, 1)), "copying")
    return Catch(files=(Fetched(path=target, about={"title": source.stem, **workspace.step.about}),))


@contextmanager
def _opened(source: Path) -> Iterator[BinaryIO]:
    """The very file that was checked. The inbox belongs to people: since the check, the name may have become a FIFO
    (which O_NONBLOCK does not wait for) or a folder on the way a link to another job's files (which /proc tells)."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ToolError(f"{source.name!r} cannot be read: {error.strerror}", permanent=True, cause="gone") from None
    with os.fdopen(descriptor, "rb") as file:
        same = Path(f"/proc/self/fd/{descriptor}").readlink() == source
        if not same or not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ToolError(f"{source.name!r} was exchanged", permanent=True, cause="malformed")
        yield file


def _copied(original: BinaryIO, copy: BinaryIO) -> Iterator[int]:
    """Copies, telling the bytes so far; in the kernel, which shares the blocks where the file system can."""
    done = 0
    try:
        while count := os.copy_file_range(original.fileno(), copy.fileno(), _STRETCH):
            yield (done := done + count)
    except OSError:
        if done:
            raise
        shutil.copyfileobj(original, copy)  # a file system, or a pair of them, that cannot do it
        yield copy.tell()
