"""Names of files: never from a title, which may be too long, be hostile, or change between two attempts. Pure."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path


def stem(*identity: object) -> str:
    """The name under which a video is fetched, made of what identifies it: site, id and format.

    It must be the same on every attempt, or what was fetched is not found again; and another one for another video or
    format, or the rest of one would be appended to the beginning of the other. So not the place in a playlist, which
    shifts when an entry before it fails.
    """
    return hashlib.sha256("\0".join(map(str, identity)).encode()).hexdigest()[:16]


def artifact(job_id: str, position: int, path: Path) -> str:
    """The name of a job's source at `position`, from 1."""
    return f"{job_id}-{position}{suffix(path)}"


def suffix(path: Path) -> str:
    """The suffix of `path` where it is a plain one, else ".video": what a file is, its content says."""
    return path.suffix.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,5}", path.suffix) else ".video"
