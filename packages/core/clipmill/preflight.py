"""What must be there before a service starts; everything that is missing is said at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from clipmill import settings
from clipmill.settings import BadSettings, Settings


def check(service: str, *, programs: Iterable[str], writes_store: bool) -> Settings:
    """The settings of `service`, when programs and directories are there. Raises BadSettings, all mistakes in one."""
    mistakes: list[str] = []
    given: Settings | None = None
    try:
        given = settings.load(service=service)
    except BadSettings as error:
        mistakes += error.mistakes
    mistakes += [f"{name}: not found; install it (apt install ffmpeg)" for name in programs if not _is_there(name)]
    if given:
        directories = [given.state, *_store_folders(given.store)] if writes_store else [given.state]
        mistakes += filter(None, map(_unwritable, sorted(set(directories))))
    if mistakes or given is None:
        raise BadSettings(mistakes)
    return given


def _store_folders(store: Path) -> list[Path]:
    """The store, and what is there of what workers write in: root may have restored it from a backup as its own."""
    return [store, *(folder for name in ("jobs", "work", "workers") if (folder := store / name).exists())]


def _is_there(program: str) -> bool:
    """As shutil.which finds it; what that imports would weigh 1.4 MB in the services that run no programs."""
    folders = settings.clean_environment().get("PATH", "").split(os.pathsep)
    return any(os.access(Path(folder) / program, os.X_OK) for folder in folders)


def _unwritable(directory: Path) -> str | None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"{directory}: cannot be made: {error.strerror}; make it, or set STORE"
    if os.access(directory, os.W_OK | os.X_OK):
        return None
    if os.statvfs(directory).f_flag & os.ST_RDONLY:
        return f"{directory}: its file system is mounted read-only; mount it writable, or set STORE"
    return f"{directory}: not writable for user {os.geteuid()}; give it to that user (chown), or set STORE"
