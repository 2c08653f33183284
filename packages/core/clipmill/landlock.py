"""Landlock: a process gives up, for itself and all that it starts, every file, port and peer that it does not name.

Raw system calls, since neither Python nor Debian has a binding, and those on the index are young (landlock(7)).
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import functools
import os
import stat
import struct
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION = 1  # flag of landlock_create_ruleset(2): give the ABI's number
_PATH_BENEATH = 1  # kind of rule

_syscall = ctypes.CDLL(None, use_errno=True).syscall


class Right(enum.IntFlag):
    """LANDLOCK_ACCESS_FS_* of linux/landlock.h."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    """Link and rename between directories, as long as the file gains no right by it."""
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


READ = Right.READ_FILE | Right.READ_DIR
RUN = READ | Right.EXECUTE
ALL = functools.reduce(Right.__or__, Right)

_OF_FILES = Right.EXECUTE | Right.WRITE_FILE | Right.READ_FILE | Right.TRUNCATE | Right.IOCTL_DEV
_LATER = {3: Right.TRUNCATE, 5: Right.IOCTL_DEV}

FILES, TCP, SCOPES = 2, 4, 6
"""The ABI from which the kernel guards files (1 knows no rename between folders), TCP, signals and abstract sockets."""

_BIND, _CONNECT = 1 << 0, 1 << 1  # LANDLOCK_ACCESS_NET_*
_SCOPES = 1 << 0 | 1 << 1  # abstract sockets, signals


def abi() -> int:
    """What this kernel can do: 0 without Landlock, 2 on Debian 12, 6 on Debian 13."""
    return max(0, int(_syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))))


class Domain:
    """A context manager: rights are collected in it, and hold from `enter` on. An older kernel does what it can of it.

    A process can enter further domains, which take more away; nothing gives a right back.
    """

    def __init__(self, *, connect: bool) -> None:
        """`connect`: whether TCP connections may be made. Nothing in a domain listens on a port."""
        self._abi = abi()
        self._handled = functools.reduce(
            lambda rights, later: rights & ~later[1] if self._abi < later[0] else rights, _LATER.items(), ALL
        )
        self._descriptor = -1 if self._abi < FILES else self._create(_BIND if connect else _BIND | _CONNECT)

    def __enter__(self) -> Domain:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def allow(self, rights: Right, *paths: str | Path) -> None:
        """`rights` on what is at and below each of `paths`; one that is not there is passed over."""
        if self._descriptor < 0:
            return
        for path in paths:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                self._allow(rights, path)

    def enter(self) -> None:
        """For this process and its children to come, for good. It must have said PR_SET_NO_NEW_PRIVS before."""
        if self._descriptor >= 0:
            _call(_RESTRICT_SELF, ctypes.c_int(self._descriptor), ctypes.c_uint32(0))

    def _create(self, ports: int) -> int:
        fields = [int(self._handled)]
        fields += [ports] if self._abi >= TCP else []
        fields += [_SCOPES] if self._abi >= SCOPES else []
        attributes = struct.pack(f"={len(fields)}Q", *fields)
        return _call(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))

    def _allow(self, rights: Right, path: str | Path) -> None:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
            granted = rights & self._handled & (ALL if is_folder else _OF_FILES)
            rule = struct.pack("=Qi", int(granted), descriptor)
            _call(_ADD_RULE, ctypes.c_int(self._descriptor), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
        finally:
            os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    result = int(_syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return result
