"""What a job begins with: a link, or a file that is here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from clipmill_cli.console import plain
from clipmill_cli.trouble import Status, Trouble
from clipmill_download import link


@dataclass(frozen=True)
class Link:
    """Something to fetch."""

    url: str

    def __str__(self) -> str:
        return plain(self.url)


@dataclass(frozen=True)
class File:
    """Something to take in."""

    path: Path

    def __str__(self) -> str:
        return plain(str(self.path))


Origin = Link | File


def read(texts: Iterable[str]) -> list[Origin]:
    """What was typed. Raises Trouble that names everything that can be neither."""
    origins: list[Origin] = []
    mistakes: list[str] = []
    for text in texts:
        try:
            origins.append(_read(text))
        except ValueError as mistake:
            mistakes.append(str(mistake))
    if mistakes:
        raise Trouble("\n".join(mistakes), Status.USAGE)
    return origins


def _read(text: str) -> Origin:
    """Raises ValueError with a sentence."""
    path = Path(text)
    if not path.exists() and re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]*://", text):
        return _link(text.strip())
    if not os.path.lexists(path):
        raise ValueError(f"{plain(text)!r} is neither a file that is here nor a link that begins with http(s)://")
    if not path.is_file():
        raise ValueError(f"{plain(text)!r} is {'a folder' if path.is_dir() else 'no regular file'}; name a video file")
    if not os.access(path, os.R_OK):
        raise ValueError(f"{plain(text)!r} may not be read by you")
    if not path.stat().st_size:
        raise ValueError(f"{plain(text)!r} is empty")
    return File(path)


def _link(text: str) -> Link:
    if mistake := link.mistake(text):
        raise ValueError(mistake)
    return Link(text)
