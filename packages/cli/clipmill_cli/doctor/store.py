"""Whether the store has room, belongs to whom it should, and is open to nobody else."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clipmill.settings import Settings
from clipmill.store import Store
from clipmill_cli import amounts
from clipmill_cli.doctor.finding import Finding, ok, problem, unchecked, warning
from clipmill_cli.doctor.place import GROUP

CHECK = "store"
DISK = "disk"

_SCARCE = 2
"""With less than so many times the reserve, the workers soon wait."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder as sysusers, tmpfiles and the units make it."""

    path: Path
    owner: str
    mode: int


def folders(store: Path) -> list[Folder]:
    """Those of an installed fleet."""
    return [
        Folder(path=store, owner="clipmill", mode=0o750),
        # open for the group, and none can remove what another put there
        Folder(path=store / "inbox", owner="clipmill", mode=0o3770),
        Folder(path=Path("/var/lib/clipmill-notifier"), owner="clipmill-notifier", mode=0o700),
        Folder(path=Path("/var/lib/clipmill-manager"), owner="clipmill-manager", mode=0o700),
    ]


def check(settings: Settings) -> Iterator[Finding]:
    """Findings on the folders and on the disk."""
    if not settings.store.is_dir():
        yield _absent(settings.store)
        return
    troubles = list(_folders(settings.store)) if _is_user("clipmill") else list(_own(settings.store))
    yield from troubles or [ok(CHECK, f"{settings.store}, owners and modes as they should be")]
    yield room(Store(settings.store).disk().free, settings.disk_reserve)


def room(free: int, reserve: int) -> Finding:
    """A finding on what is free on the store's disk."""
    says = f"{amounts.size(free)} free; DISK_RESERVE is {amounts.size(reserve)}"
    if free < reserve:
        return problem(DISK, f"{says}: the workers wait", "make room, or lower RETENTION, STORE_QUOTA or DISK_RESERVE")
    if free < _SCARCE * reserve:
        return warning(DISK, says, "make room before the workers wait")
    return ok(DISK, says)


def trouble_with(folder: Folder) -> Finding | None:
    """What is wrong with a folder that should be there."""
    try:
        found = folder.path.stat()
    except FileNotFoundError:
        return problem(CHECK, f"{folder.path} is not there", "sudo systemd-tmpfiles --create, then start the fleet")
    except PermissionError:
        return None  # whoever asks sees nothing below the store; the check of the person says why
    owner, mode = _user_name(found.st_uid), stat.S_IMODE(found.st_mode)
    if (owner, _group_name(found.st_gid)) != (folder.owner, GROUP):
        says = f"{folder.path} belongs to {owner}:{_group_name(found.st_gid)}"
        return problem(CHECK, says, f"sudo chown {folder.owner}:{GROUP} {folder.path}")
    if mode != folder.mode:
        says = f"{folder.path} has mode {mode:04o}, not {folder.mode:04o}"
        return warning(CHECK, says, f"sudo chmod {folder.mode:04o} {folder.path}")
    return None


def _folders(store: Path) -> Iterator[Finding]:
    for folder in folders(store):
        # the state of notifier and manager is made by systemd at their first start
        if (folder.path.is_relative_to(store) or folder.path.exists()) and (found := trouble_with(folder)):
            yield found


def _own(store: Path) -> Iterator[Finding]:
    """Without users of our own the store is that of whoever runs the services."""
    if not os.access(store, os.W_OK | os.X_OK):
        yield problem(CHECK, f"{store} is not writable for you", "set STORE to a folder of yours")


def _absent(store: Path) -> Finding:
    if _is_user("clipmill"):
        return problem(CHECK, f"{store} is not there", "sudo systemd-tmpfiles --create, or set STORE")
    return unchecked(CHECK, f"there is no {store}: no fleet is installed here")


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
