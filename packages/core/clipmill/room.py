"""Room on the store's disk: what a step needs, whether it is there, and whether it ever can be. Pure."""

from __future__ import annotations

from dataclasses import dataclass

SOURCES = 2
"""What a step may write, in sizes of its source: what it makes, and one whole copy on the way there."""

_MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A file system, in bytes: what is free for us, and how large it is."""

    free: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """Why there is no room; `for_ever` when the file system is too small even without all that could go."""

    reason: str
    for_ever: bool = False


def shortage(disk: Disk, *, reserve: int, needed: int = 0, kept: int = 0) -> Shortage | None:
    """Why `needed` bytes cannot be written beside the reserve now, or None when they can.

    `kept` bytes are there already and stay as long as the step does: its source. A reserve that is larger than the
    file system is the operator's mistake and no step's fault, so it is never for ever.
    """
    if disk.free - needed >= reserve:
        return None
    wanted = f"{_mib(needed)} more are needed and " if needed else ""
    reason = f"{_mib(disk.free)} free, {wanted}{_mib(reserve)} stay free (DISK_RESERVE)"
    if reserve < disk.size < reserve + needed + kept:
        return Shortage(reason=f"it can never fit: the whole disk has {_mib(disk.size)}; {reason}", for_ever=True)
    return Shortage(reason=reason)


def need(source: int, *, there: int = 0) -> int:
    """Bytes that a step with a source of that size may still write, when its last attempt has left some `there`."""
    return max(0, SOURCES * source - there)


def _mib(count: int) -> str:
    return f"{-(-count // _MIB)} MiB"
