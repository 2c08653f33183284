"""What keeps a command from doing what it was asked: one sentence that says what to do, and an exit status."""

from __future__ import annotations

import enum

from clipmill.session import BrokerError
from clipmill.settings import BAD_SETTINGS, BadSettings


class Status(enum.IntEnum):
    """Exit statuses of `clipmill`."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    """What was typed cannot be meant."""
    PARTLY = 3
    """Some of what was asked for is there."""
    UNAVAILABLE = 69
    """EX_UNAVAILABLE of sysexits.h: the broker or the manager cannot be reached."""
    BAD_SETTINGS = BAD_SETTINGS
    INTERRUPTED = 130
    """Ctrl-C, as a shell says it: 128 + SIGINT."""


class Trouble(Exception):
    """The command ends here."""

    def __init__(self, sentence: str, status: Status = Status.FAILED) -> None:
        super().__init__(sentence)
        self.status = status


def explain(error: Exception) -> Trouble | None:
    """The trouble that a foreseeable error is, or None for a mistake of ours, which keeps its traceback."""
    match error:
        case Trouble():
            return error
        case BadSettings():
            return Trouble(f"the settings cannot be used:\n{error}", Status.BAD_SETTINGS)
        case BrokerError():
            return Trouble(f"the broker did not take it: {error}", Status.UNAVAILABLE)
        case OSError(filename=str(name), strerror=str(reason)):
            return Trouble(f"{name}: {reason.lower()}")
        case _:
            return None
