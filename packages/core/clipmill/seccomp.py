"""A filter of system calls that leaves a process no socket but those of this machine's files (seccomp(2)).

Landlock knows TCP only, and on Debian 12 not even that; this holds for UDP too, and on every kernel.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct

from clipmill import prctl

# AUDIT_ARCH_* of linux/audit.h, the number of socket(2), and the first number of another calling convention
_MACHINES = {"x86_64": (0xC000003E, 41, 0x40000000), "aarch64": (0xC00000B7, 198, 0xFFFFFFFF)}
_IO_URING_SETUP = 425  # the same everywhere; io_uring makes sockets without socket(2)

# linux/filter.h: load a word, jump if equal, jump if greater or equal, return
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
# struct seccomp_data: nr, arch, instruction_pointer, args[6] of 64 bits, the low word first
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def can_filter() -> bool:
    """Whether this machine's system calls are known here."""
    return os.uname().machine in _MACHINES


def forbid_internet() -> None:
    """From now on socket(2) gives this process and its children Unix sockets only, and EACCES for every other kind."""
    if can_filter():
        text = _instructions(*_MACHINES[os.uname().machine])
        prctl.filter_calls(_Program(len(text) // 8, text))


def _instructions(architecture: int, socket_call: int, foreign: int) -> bytes:
    """Each is (code, to skip if true, to skip if false, value); the last two are the two verdicts."""
    rows = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 0, 7, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 5, 0, foreign),
        (_IF_EQUAL, 4, 0, _IO_URING_SETUP),
        (_IF_EQUAL, 0, 2, socket_call),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_EQUAL, 0, 1, socket.AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    )
    return b"".join(struct.pack("=HBBI", *row) for row in rows)
