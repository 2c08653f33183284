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

# Every record has this length and is one write of it, over the last one: a kill leaves the old or the new, never a
# mixture, and the file system has neither a block to find nor one to free.
_RECORD_BYTES = 256
_NO_RECORD = b" " * _RECORD_BYTES
_BOOT_TOLERANCE = 30
_KEPT_SECONDS = 24 * 3600


class Fuse:
    """`running` names the step at hand, or none; found at a start, that step ended the last process.

    The crashes of a step are counted beside, for all workers that share the store: it may come to another one next.
    """

    def __init__(self, workers: Path, unit: str) -> None:
        self._running = workers / unit / "running"
        self._crashes = workers / "crashes"
        self._file = -1

    def inspect(self) -> str | None:
        """At a start: the step in which the last process of this worker crashed, counted; or None."""
        self._forget_old()
        self._running.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._running, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        boot, _, step_id = os.pread(self._file, _RECORD_BYTES, 0).decode(errors="replace").strip().partition(" ")
        with contextlib.suppress(OSError):  # a full disk: that is looked at before steps are taken
            self.remove()
        # a machine that lost its power says nothing against the step
        if not _is_this_boot(boot) or not identifiers.is_step_id(step_id):
            return None
        self._count(step_id)
        return step_id

    def light(self, step_id: str) -> None:
        """The step is about to be worked on. Raises OSError when the disk is full."""
        os.pwrite(self._file, f"{_boot_time():.0f} {step_id}".encode().ljust(_RECORD_BYTES), 0)

    def remove(self) -> None:
        """The step is settled, or given back on purpose."""
        os.pwrite(self._file, _NO_RECORD, 0)

    def has_blown(self, step_id: str) -> bool:
        """Whether the step has crashed workers too often. Its count starts anew then, for a person's retry."""
        try:
            if os.stat(self._path(step_id)).st_size < CRASHES:
                return False
        except FileNotFoundError:
            return False
        self.forgive(step_id)
        return True

    def forgive(self, step_id: str) -> None:
        """The step has ended after all."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(step_id))

    def _count(self, step_id: str) -> None:
        """One byte a crash: a full disk costs a count, and never leaves a file that cannot be read."""
        with contextlib.suppress(OSError):
            self._crashes.mkdir(exist_ok=True)
            with open(self._path(step_id), "ab") as crashes:
                crashes.write(b"x")

    def _forget_old(self) -> None:
        """A crash may be counted when its step has ended elsewhere; nothing but age tells such a count from others."""
        for path in self._crashes.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                    path.unlink()

    def _path(self, step_id: str) -> str:
        return f"{self._crashes}/{step_id.replace('/', '.')}"


def _boot_time() -> float:
    """Seconds since the epoch at which this machine started."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _is_this_boot(text: str) -> bool:
    return text.isdigit() and abs(int(text) - _boot_time()) < _BOOT_TOLERANCE
