"""What an attempt brought home: files, and what went wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

About = dict[str, str | int | float]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file in the workspace, and what is known of it."""

    path: Path
    about: About = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Something that yt-dlp could not do, in its own words."""

    text: str
    retry_after: str | None = None
    """The Retry-After header of the answer that failed, if there was one."""


@dataclass(frozen=True, kw_only=True)
class Catch:
    """Everything that one link gave, in its order."""

    files: tuple[Fetched, ...] = ()
    failures: tuple[Failure, ...] = ()
