"""What a process asks the kernel for about itself (prctl(2))."""

from __future__ import annotations

import ctypes
import os
import signal

_SET_PDEATHSIG, _SET_DUMPABLE, _SET_SECCOMP, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS = 1, 4, 22, 36, 38
_SECCOMP_MODE_FILTER = 2

_prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up here: after a fork as little as possible is done


def die_with_parent() -> None:
    """Be killed when the parent dies, however it dies."""
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)


def hide_memory() -> None:
    """Be not dumpable: no other process of the same user may trace this one, or read its memory or environment.

    It holds until this process executes another program.
    """
    _ask(_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent has ended: none gets away by forking twice."""
    _ask(_SET_CHILD_SUBREAPER, 1)


def gain_no_privileges() -> None:
    """No program that is executed from now on gains anything by its mode bits. (Landlock and seccomp ask for this.)"""
    _ask(_SET_NO_NEW_PRIVS, 1)


def filter_calls(program: ctypes.Structure) -> None:
    """Every system call from now on is judged by this BPF program (a `struct sock_fprog`), in the children too."""
    _ask(_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program))


def _ask(what: int, *arguments: object) -> None:
    given = [ctypes.c_ulong(argument) if isinstance(argument, int) else argument for argument in arguments]
    given += [ctypes.c_ulong(0)] * (4 - len(given))
    if _prctl(what, *given):
        raise OSError(ctypes.get_errno(), f"prctl: {os.strerror(ctypes.get_errno())}")
