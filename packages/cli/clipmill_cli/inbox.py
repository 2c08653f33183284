"""Puts a person's file into the store's inbox, where a download worker takes it in."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from clipmill.store import Store
from clipmill_cli import amounts
from clipmill_cli.trouble import Trouble

_BLOCK = 4 << 20
_LONGEST_NAME = 200  # bytes; file systems take 255
_FOLDER_MODE, _FILE_MODE = 0o2770, 0o640  # the group is that of the inbox: its workers read, and clear away

Tell = Callable[[int, int], None]
"""Bytes so far, and in all."""


async def put(source: Path, store: Store, job_id: str, tell: Tell) -> str:
    """Copy `source` into the inbox of the job; its key there. Raises Trouble."""
    target = store.inbox(job_id) / safe_name(source.name)
    with _explained(store), _folder(target.parent), source.open("rb") as original:
        _check_room(store, os.fstat(original.fileno()).st_size)
        temporary = target.with_name(".incoming")
        with temporary.open("xb") as copy:
            os.fchmod(copy.fileno(), _FILE_MODE)
            await _copy(original, copy, tell)
        temporary.rename(target)
    return store.key(target)


def link(source: Path, store: Store, job_id: str) -> str | None:
    """A second name for `source` in the inbox of a store that is our own; None where that cannot be."""
    target = store.inbox(job_id) / safe_name(source.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source.resolve())
    except OSError:  # another file system, or a file of somebody else (fs.protected_hardlinks)
        target.parent.rmdir()
        return None
    return store.key(target)


def remove(store: Store, job_id: str) -> None:
    """Take back what nobody will fetch."""
    shutil.rmtree(store.inbox(job_id), ignore_errors=True)


def safe_name(name: str) -> str:
    """A name that any system takes, and that still tells a person which file it was: of `name` at most 200 bytes."""
    text = re.sub(r"[\x00-\x1f\x7f/]", "_", name.encode(errors="replace").decode()).lstrip(".") or "file"
    stem, suffix = (text, "") if len(Path(text).suffix) > 10 else (Path(text).stem, Path(text).suffix)
    return stem.encode()[: _LONGEST_NAME - len(suffix.encode())].decode(errors="ignore") + suffix


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[None]:
    """The folder of a job in the inbox; gone again when its file did not arrive whole."""
    path.parent.mkdir(exist_ok=True)
    path.mkdir()
    try:
        path.chmod(_FOLDER_MODE)
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


async def _copy(original: IO[bytes], copy: IO[bytes], tell: Tell) -> None:
    """Block by block, giving way in between: the session's AMQP heartbeats go on, and Ctrl-C is heard."""
    done, size = 0, os.fstat(original.fileno()).st_size
    while block := original.read(_BLOCK):
        copy.write(block)
        done += len(block)
        tell(done, max(size, done))
        await asyncio.sleep(0)
    copy.flush()
    os.fsync(copy.fileno())


def _check_room(store: Store, needed: int) -> None:
    free = store.disk().free
    if free < needed:
        raise Trouble(
            f"no room in {store.root}: {amounts.size(needed)} are needed and {amounts.size(free)} are free; "
            "make room there, or submit a link instead"
        )


@contextlib.contextmanager
def _explained(store: Store) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise Trouble(
            f"you may not put files into {store.root / 'inbox'}; "
            "add yourself to group clipmill: sudo adduser $USER clipmill, then log in again"
        ) from None
    except FileNotFoundError:
        raise Trouble(f"there is no store at {store.root}; install clipmill here, or set STORE") from None
    except OSError as error:
        raise Trouble(f"the file could not be put into {store.root / 'inbox'}: {error.strerror}") from None
