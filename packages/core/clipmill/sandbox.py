"""The inner ring: what a worker's child may reach, and the far less that an attempt in it may."""

from __future__ import annotations

import functools
import importlib.util
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from clipmill import landlock, prctl, seccomp, settings
from clipmill.pipeline import SERVICES
from clipmill.reach import Reach
from clipmill.settings import Settings
from clipmill.workspace import Workspace

# Programs and libraries. On a laptop those of Python and ffmpeg may lie elsewhere: `_programs` adds where these are.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt")
_SYSTEM_FOLDERS = tuple(f"{path}/" for path in _SYSTEM)
_KERNEL = ("/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu")
_DEVICES = ("/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# Names, certificates and fonts. Not /etc as a whole: the group of the workers may read a credential there.
_CONFIGURATION = tuple(
    f"/etc/{name}"
    for name in (
        *("ld.so.cache", "ld.so.preload", "alternatives", "localtime", "fonts", "mime.types", "passwd", "group"),
        *("resolv.conf", "hosts", "host.conf", "nsswitch.conf", "gai.conf", "services", "protocols"),
        *("ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/tls"),
    )
)
# Where /etc/resolv.conf may point, whose file is another after each change of network.
_RESOLVERS = ("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/connman")


def enclose_child(given: Settings) -> None:
    """For the whole life of the child: the store to write to, this machine's programs to run, no credential."""
    prctl.gain_no_privileges()
    prctl.hide_memory()
    prctl.adopt_orphans()
    with landlock.Domain(connect=True) as domain:
        domain.allow(landlock.RUN, *_programs())
        domain.allow(landlock.READ, "/etc", "/sys", "/dev", *_KERNEL, *_RESOLVERS)
        domain.allow(landlock.ALL, given.store, settings.temporary_folder(), "/dev/null")
        domain.enter()


def enclose_attempt(workspace: Workspace, reach: Reach) -> None:
    """For one attempt: its workspace to write to, its input to read, and no network for those who need none."""
    _limit_files(workspace)
    _move_temporary_files(workspace.path / ".tmp")
    with landlock.Domain(connect=reach is Reach.INTERNET) as domain:
        domain.allow(landlock.RUN, *_programs())
        domain.allow(landlock.READ, *_KERNEL, *_DEVICES, *_CONFIGURATION, *_RESOLVERS)
        domain.allow(landlock.READ, *filter(None, [workspace.source]))
        domain.allow(landlock.ALL, workspace.path, "/dev/null")
        domain.enter()
    if reach is Reach.NOTHING:
        seccomp.forbid_internet()


@functools.cache
def _programs() -> tuple[str, ...]:
    """Where programs, libraries and Python's modules lie: each folder once, for every rule costs each attempt a bit."""
    found = {*sys.path, sys.prefix, sys.base_prefix, *settings.clean_environment().get("PATH", "").split(os.pathsep)}
    found.update(_packages())
    elsewhere = (path for path in sorted(found) if path.startswith("/") and not path.startswith(_SYSTEM_FOLDERS))
    return (*_SYSTEM, *elsewhere)


def _packages() -> Iterator[str]:
    """Our own: in a checkout they may be found by an import hook, while no entry of sys.path tells where they lie."""
    for name in ("clipmill", *(f"clipmill_{service}" for service in SERVICES)):
        if spec := importlib.util.find_spec(name):
            yield from spec.submodule_search_locations or ()


def _move_temporary_files(folder: Path) -> None:
    """Into the workspace: those of other jobs lie in the common folder."""
    folder.mkdir(exist_ok=True)
    settings.use_temporary_folder(folder)
    tempfile.tempdir = str(folder)


def _limit_files(workspace: Workspace) -> None:
    """No core, and no file larger than what the disk has room for: one fallocate(2) would fill it at once.

    No limit of processes: the kernel counts those of the user, other workers' among them. TasksMax= counts the unit's.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    here = sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(workspace.path))
    room = max(0, workspace.store.disk().free - least_free(workspace.settings))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    wanted = here + room
    resource.setrlimit(resource.RLIMIT_FSIZE, (wanted, wanted) if most < 0 or wanted < most else (most, most))


def least_free(given: Settings) -> int:
    """Bytes of the store's disk below which an attempt is ended: a handler that minds the reserve never comes here."""
    return given.disk_reserve // 2
