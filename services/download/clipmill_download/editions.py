"""The editions of yt-dlp on this machine: the package's own, and newer ones, of which `current` is the one in use."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

Version = tuple[int, ...]


def in_folder(folder: Path) -> str:
    """The version of yt-dlp that lies in `folder`; empty when none does."""
    return next((found.version for found in distributions(name="yt-dlp", path=[str(folder)])), "")


def packaged() -> str:
    """The version that came with clipmill; empty when it is not there."""
    try:
        return version("yt-dlp")
    except PackageNotFoundError:
        return ""


def age(text: str) -> Version:
    """A version as numbers, which compare: it is a date."""
    return tuple(int(number) for number in re.findall(r"\d+", text))


class Editions:
    """The folder in which newer editions lie, each in one of its own, never changed once it is there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def current(self) -> Path | None:
        """The folder of the newer edition in use; None when it is the package's own."""
        link = self._root / "current"
        return link.resolve() if link.exists() else None

    @property
    def version(self) -> str:
        """Of the edition in use."""
        newer = in_folder(self.current) if self.current else ""
        return max(newer, packaged(), key=age)

    @contextlib.contextmanager
    def candidate(self) -> Iterator[Path]:
        """A folder for another edition, on the same file system; it goes with the block, unless it was adopted."""
        with tempfile.TemporaryDirectory(prefix=".new-", dir=self._root, ignore_cleanup_errors=True) as folder:
            edition = Path(folder) / "edition"
            edition.mkdir(mode=0o755)
            yield edition

    def adopt(self, candidate: Path) -> None:
        """From now on each new child takes this one: it is whole before the one rename that makes it so."""
        before, place = self.current, self._root / in_folder(candidate)
        shutil.rmtree(place, ignore_errors=True)
        candidate.rename(place)
        self._point_to(place)
        self._tidy({place.resolve(), before})

    def go_back(self) -> None:
        """From now on each new child takes the package's own again."""
        (self._root / "current").unlink(missing_ok=True)

    def _tidy(self, used: set[Path | None]) -> None:
        """Remove the others; of the one before, children may load a site's module yet."""
        for folder in self._root.iterdir():
            if folder.is_dir() and not folder.is_symlink() and folder.resolve() not in used:
                shutil.rmtree(folder, ignore_errors=True)

    def _point_to(self, place: Path) -> None:
        beside = self._root / ".current"
        beside.unlink(missing_ok=True)
        os.symlink(place.name, beside)  # noqa: PTH211  # relative, so that the folder may be moved
        beside.replace(self._root / "current")
