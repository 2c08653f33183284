"""What a check found: how it is, in words, and what to do about it."""

from __future__ import annotations

import enum

import msgspec


class Level(enum.StrEnum):
    """How bad it is."""

    OK = "ok"
    UNCHECKED = "not checked"
    """It cannot be seen from here; the finding says why."""
    WARNING = "warning"
    """It works, and something will go wrong, or is not as it should be."""
    PROBLEM = "problem"
    """Something does not work."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the doctor's report."""

    check: str
    level: Level
    says: str
    remedy: str = ""
    """What to do, as a command where there is one."""


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check=check, level=Level.OK, says=says)


def unchecked(check: str, says: str, remedy: str = "") -> Finding:
    """It cannot be seen from here."""
    return Finding(check=check, level=Level.UNCHECKED, says=says, remedy=remedy)


def warning(check: str, says: str, remedy: str) -> Finding:
    """It works, but."""
    return Finding(check=check, level=Level.WARNING, says=says, remedy=remedy)


def problem(check: str, says: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(check=check, level=Level.PROBLEM, says=says, remedy=remedy)
