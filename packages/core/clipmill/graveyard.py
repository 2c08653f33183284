"""The graveyard: jobs whose files were removed. Each leaves a stone, so that nothing of it is ever worked again.

A job goes in an order that a crash may cut anywhere: the stone is set, its folder is renamed out of sight as a whole,
and what is in it is removed file by file. Whoever comes next goes on from there.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from clipmill.claim import Claim
from clipmill.store import Store

_DAY = 86400
_STRETCH = 32 << 20
_MONTHS = 3
"""Stones are kept by the month, so that forgetting them walks no tree: those of this month and of the two before it."""


class InUse(Exception):
    """The job has been taken up again: a step of it was finished lately, or is at work."""


class Graveyard:
    """The removed jobs of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root = store.root / "removed"
        self._pit = self._root / "pit"

    def epitaph(self, job_id: str) -> str | None:
        """Why and when the files of the job were removed; None for one that has no stone."""
        stones = (f"{self._root}/{month}/{job_id}" for month in _months())
        # each step runs through here, and pathlib takes its time
        return next((Path(stone).read_text() for stone in stones if os.path.exists(stone)), None)

    def bury(self, job_id: str, reason: str, *, untouched: float) -> Iterator[None]:
        """Remove the files of a job, one a turn. Raises InUse when anything of it is younger than `untouched` seconds.

        The stone comes before the look at who is at work, and a worker looks for it once its record of the step at hand
        stands: so one of the two sees the other. On a full disk the stone waits for room, and so does every step.
        """
        before = time.time() - untouched
        if self._is_younger(job_id, before):
            raise InUse("a step of it was finished lately")
        stands = self._set_stone(job_id, reason)
        try:
            self._check_workers(job_id)
            self._clear_workspaces(job_id, before)
        except InUse:
            self._stone(job_id).unlink(missing_ok=True)
            raise
        yield from self._empty(self._pit / job_id)
        self._rename(self._store.root / "jobs" / job_id, self._pit / job_id)
        yield from self._empty(self._pit / job_id)
        with contextlib.suppress(PermissionError):  # it belongs to a person
            yield from self._empty(self._store.inbox(job_id))
        if not stands:
            self._set_stone(job_id, reason)
        yield from self._forget()

    def _stone(self, job_id: str) -> Path:
        return self._root / _months()[0] / job_id

    def _set_stone(self, job_id: str, reason: str) -> bool:
        """Whether it stands."""
        try:
            self._stone(job_id).parent.mkdir(parents=True, exist_ok=True)
            self._stone(job_id).write_text(f"{reason} on {time.strftime('%Y-%m-%d')}")
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
        return True

    def _is_younger(self, job_id: str, before: float) -> bool:
        """Whether a step was committed since: the rename of its home was the last that touched the service's folder."""
        return any(folder.stat().st_mtime > before for folder in (self._store.root / "jobs" / job_id).glob("*/"))

    def _check_workers(self, job_id: str) -> None:
        if any(f" {job_id}/" in record.read_text() for record in (self._store.root / "workers").glob("*/running")):
            raise InUse("a step of it is at hand")

    def _clear_workspaces(self, job_id: str, before: float) -> None:
        for folder in (self._store.root / "work").glob(f"{job_id}.*"):
            try:
                with Claim(folder, wait=False):
                    if folder.stat().st_mtime > before and any(folder.iterdir()):
                        raise InUse("an attempt has left something that the next one goes on with")
                    shutil.rmtree(folder, ignore_errors=True)
            except BlockingIOError:
                raise InUse("a step of it is at work") from None

    def _rename(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            source.rename(target)
            # a power cut must not bring back a job that nobody would ever remove again
            descriptor = os.open(source.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _empty(self, folder: Path) -> Iterator[None]:
        """Remove a folder and all in it, at most one file a turn."""
        for path, folders, files in os.walk(folder, topdown=False):
            for name in files:
                yield from _shorten(Path(path) / name)
                (Path(path) / name).unlink(missing_ok=True)
                yield
            for name in folders:
                _remove_folder(Path(path) / name)
        _remove_folder(folder)

    def _forget(self) -> Iterator[None]:
        kept = {*_months(), self._pit.name}
        for folder in self._root.iterdir():
            if folder.name not in kept:
                yield from self._empty(folder)


def _shorten(path: Path) -> Iterator[None]:
    """Let go of a large file bit by bit: ext4 took half a second to unlink 600 MB (seen), with the loop waiting for it.

    One that has another name somewhere, or is no file of its own, loses nothing but this name.
    """
    status = path.lstat()
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        for size in range(status.st_size - _STRETCH, 0, -_STRETCH):
            os.truncate(path, size)
            yield


def _remove_folder(path: Path) -> None:
    """A link to a folder is none."""
    with contextlib.suppress(FileNotFoundError):
        if path.is_symlink():
            path.unlink()
        else:
            path.rmdir()


def _months() -> list[str]:
    """The names of this month and of those before it whose stones still stand."""
    return _months_until(int(time.time() // _DAY))


@functools.lru_cache(maxsize=1)  # each step asks
def _months_until(day: int) -> list[str]:
    now = time.gmtime(day * _DAY)
    numbers = [now.tm_year * 12 + now.tm_mon - 1 - back for back in range(_MONTHS)]
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in numbers]
