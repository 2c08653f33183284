"""The folder of `clipmill run`: a store of its own, and beside it, in .clipmill, what the run itself needs."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from clipmill import identifiers
from clipmill.store import Store
from clipmill_cli.origin import File, Link, Origin
from clipmill_cli.trouble import Trouble

_SLUG_LENGTH = 40


class RunFolder:
    """One run at a time works in it; an interrupted one is gone on with by the next."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path.absolute())
        self.own = self.store.root / ".clipmill"
        self.log = self.own / "log"
        self.state = self.own / "state"

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Ours alone while the block lasts; afterwards only files that somebody wants are left. Raises Trouble."""
        self.state.mkdir(parents=True, exist_ok=True)
        with (self.own / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Trouble(f"another `clipmill run` works in {self.store.root}; choose another with -o") from None
            self._forget_processes()
            self.store.prepare()
            yield
            self._tidy()

    def job_id(self, origin: Origin, wishes: object) -> str:
        """The id of the job that was begun here for this and is not over; else a new one that tells what it is.

        `wishes` is whatever else makes another job of it, such as its pipeline; two that look alike are the same.
        """
        mark = self._mark(origin, wishes)
        if mark.exists() and identifiers.is_job_id(begun := mark.read_text()):
            return begun
        name = f"{slug(origin)}-{secrets.token_hex(4)}"
        mark.parent.mkdir(exist_ok=True)
        mark.write_text(name)
        return name

    def strike_off(self, origin: Origin, wishes: object) -> None:
        """The same again will be a job of its own."""
        self._mark(origin, wishes).unlink(missing_ok=True)

    def _mark(self, origin: Origin, wishes: object) -> Path:
        identity = hashlib.sha256(repr((_identity(origin), wishes)).encode(errors="surrogateescape"))
        return self.own / "begun" / identity.hexdigest()[:32]

    def _forget_processes(self) -> None:
        """What an earlier run, perhaps a killed one, remembered of its own processes says nothing of this one."""
        for path in (self.state, self.store.root / "workers", self.store.root / "inbox"):
            shutil.rmtree(path, ignore_errors=True)
        self.state.mkdir()

    def _tidy(self) -> None:
        self._forget_processes()
        for path in (self.state, self.store.root / "work", self.own / "begun"):
            with contextlib.suppress(OSError):  # not empty: something is to be gone on with
                path.rmdir()


def slug(origin: Origin) -> str:
    """A few letters that tell a person what it is: of the file's name, or of the end of the link. Pure."""
    if isinstance(origin, File):
        name = origin.path.stem
    else:
        parts = urlsplit(origin.url)
        name = PurePosixPath(unquote(parts.path)).stem or parts.hostname or ""
    return re.sub(r"[^A-Za-z0-9]+", "-", name)[:_SLUG_LENGTH].strip("-").lower() or "video"


def _identity(origin: Origin) -> tuple[str, ...]:
    """What tells this link, or this version of this file, from others."""
    match origin:
        case Link(url):
            return (url,)
        case File(path):
            status = path.stat()
            return (str(path.resolve()), str(status.st_size), str(status.st_mtime_ns))
