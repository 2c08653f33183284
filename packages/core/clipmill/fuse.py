"""The fuse: a worker's own record of the step at hand, so that a step which crashes workers is found out and parked.

The broker's delivery counts cannot tell: a drain, a pause and a cut connection count there like a crash
(docs/facts.md, 12).
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from clipmill import identifiers

CRASHES = 2
"""A step that has crashed its worker so often is parked."""

_BOOT_TOLERANCE = 30
_KEPT_SECONDS = 24 * 3600


class Fuse:
    """`running` names the step at hand while there is one; found at a start, that step ended the last process.

    The crashes of a step are counted beside, for all workers that share the store: it may come to another one next.
    """

    def __init__(self, workers: Path, unit: str) -> None:
        self._running = workers / unit / "running"
        self._crashes = workers / "crashes"
        self._file = -1
        self._length = 0

    def inspect(self) -> str | None:
        """At a start: the step in which the last process of this worker crashed, counted; or None."""
        self._forget_old()
        self._running.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._running, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        boot, _, step_id = os.read(self._file, 4096).decode(errors="replace").partition(" ")
        self.remove()
        # a machine that lost its power says nothing against the step
        if not _is_this_boot(boot) or not identifiers.is_step_id(step_id):
            return None
        self._count(step_id)
        return step_id

    def light(self, step_id: str) -> None:
        """The step is about to be worked on. Raises OSError when the disk is full."""
        record = f"{_boot_time():.0f} {step_id}".encode()
        os.pwrite(self._file, record, 0)
        # a longer record may have stood there: that of a step which another worker has settled
        if len(record) < self._length:
            os.ftruncate(self._file, len(record))
        self._length = len(record)

    def remove(self) -> None:
        """The step is settled, or given back on purpose."""
        os.ftruncate(self._file, 0)
        self._length = 0

    def has_blown(self, step_id: str) -> bool:
        """Whether the step has crashed workers too often. Its count starts anew then, for a person's retry."""
        path = self._path(step_id)
        if not path.exists() or path.stat().st_size < CRASHES:
            return False
        path.unlink(missing_ok=True)
        return True

    def forgive(self, step_id: str) -> None:
        """The step has ended after all."""
        self._path(step_id).unlink(missing_ok=True)

    def _count(self, step_id: str) -> None:
        """One byte a crash: a full disk costs a count, and never leaves a file that cannot be read."""
        with contextlib.suppress(OSError):
            self._crashes.mkdir(exist_ok=True)
            with self._path(step_id).open("ab") as crashes:
                crashes.write(b"x")

    def _forget_old(self) -> None:
        """A crash may be counted when its step has ended elsewhere; nothing but age tells such a count from others."""
        for path in self._crashes.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                    path.unlink()

    def _path(self, step_id: str) -> Path:
        return self._crashes / step_id.replace("/", ".")


def _boot_time() -> float:
    """Seconds since the epoch at which this machine started."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _is_this_boot(text: str) -> bool:
    return text.isdigit() and abs(int(text) - _boot_time()) < _BOOT_TOLERANCE
