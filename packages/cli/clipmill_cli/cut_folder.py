"""Where `clipmill cut` works, and how its parts get their names all at once or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from clipmill_cli.console import plain
from clipmill_cli.inbox import safe_name
from clipmill_cli.trouble import Trouble


class HasPath(Protocol):
    """A part that lies somewhere."""

    @property
    def path(self) -> Path: ...


class CutFolder:
    """A person's folder, and the name that the parts of one file have in common."""

    def __init__(self, folder: Path, source: Path) -> None:
        self._folder = folder
        self._stem = Path(safe_name(source.name)).stem

    @contextlib.contextmanager
    def opened(self, *, force: bool) -> Iterator[Path]:
        """A scratch folder on the same file system, for as long as the block. Raises Trouble where parts are."""
        self._folder.mkdir(parents=True, exist_ok=True)
        there = sorted(self._folder.glob(f"{_literal(self._stem)}-[0-9][0-9][0-9]*.*"))
        if there and not force:
            raise Trouble(f"{plain(str(there[0]))} is there already; choose another folder with -o, or --force")
        with tempfile.TemporaryDirectory(prefix=".clipmill-cut-", dir=self._folder) as scratch:
            yield Path(scratch)

    def place(self, parts: Sequence[HasPath], *, force: bool) -> list[Path]:
        """Bring the parts to disk, and give them their names. Their paths, in order."""
        for part in parts:
            _sync(part.path)
        if force:
            for old in self._folder.glob(f"{_literal(self._stem)}-[0-9][0-9][0-9]*.*"):
                old.unlink()
        return [self._placed(part.path, number) for number, part in enumerate(parts, start=1)]

    def _placed(self, part: Path, number: int) -> Path:
        return part.rename(self._folder / f"{self._stem}-{number:03}{part.suffix}")


def _literal(text: str) -> str:
    """The text as a glob that matches it alone."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in text)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
