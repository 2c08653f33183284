"""The seven states of a worker (the reference's WorkerStatus), which may follow which, and since when. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum


class WorkerStatus(StrEnum):
    """How a worker is. It reports the first five itself; the last two come from the manager: a dead worker is silent.

    A worker that was stopped on purpose has no status: it leaves the register.
    """

    STARTING = "starting"
    """The process is there, its first session with the broker is not."""
    RUNNING = "running"
    """Connected and not consuming: just before it begins, paused, or draining with nothing at hand."""
    IDLE = "idle"
    """Consuming, and waiting for a step."""
    PROCESSING = "processing"
    """A step is at hand."""
    ERROR = "error"
    """Alive and unable to work: no broker, wrong credentials, no room on the disk."""
    CRASHED = "crashed"
    """The process ended as it should not have."""
    RESTARTING = "restarting"
    """systemd waits before it starts the process again, or does so at this moment."""

    def may_become(self, other: WorkerStatus) -> bool:
        """Whether `other` may follow this state. Staying in a state is no transition, and always allowed."""
        return other is self or other in TRANSITIONS[self]


class ForbiddenTransition(Exception):
    """A state was to follow another that it must not follow."""


_STARTING, _RUNNING, _IDLE = WorkerStatus.STARTING, WorkerStatus.RUNNING, WorkerStatus.IDLE
_PROCESSING, _ERROR = WorkerStatus.PROCESSING, WorkerStatus.ERROR
_CRASHED, _RESTARTING = WorkerStatus.CRASHED, WorkerStatus.RESTARTING

_ROWS: tuple[tuple[WorkerStatus, WorkerStatus], ...] = (
    (_STARTING, _RUNNING),  # the first session stands
    (_STARTING, _ERROR),  # the first connection failed: READY is said all the same, and the worker waits
    (_STARTING, _CRASHED),  # it did not come up
    (_STARTING, _RESTARTING),  # a person restarts it while it comes up
    (_RUNNING, _IDLE),  # it consumes
    (_RUNNING, _PROCESSING),  # the session was cut and is back, and its step worked on all the while
    (_RUNNING, _ERROR),  # the session was lost before it consumed
    (_RUNNING, _CRASHED),  # it died with nothing at hand
    (_RUNNING, _RESTARTING),  # drained, and on its way to a fresh process
    (_IDLE, _PROCESSING),  # a step came
    (_IDLE, _RUNNING),  # paused or draining: it consumes no more
    (_IDLE, _ERROR),  # the session was lost, or the disk is full
    (_IDLE, _CRASHED),  # it died while it waited
    (_IDLE, _RESTARTING),  # restarted on purpose, or it starts itself anew
    (_PROCESSING, _IDLE),  # the step is settled
    (_PROCESSING, _RUNNING),  # the step is settled and a drain or a pause waited for that
    (_PROCESSING, _ERROR),  # the session was lost: the child works on, but what it makes cannot be told
    (_PROCESSING, _CRASHED),  # it died with a step at hand, which the broker delivers again
    (_PROCESSING, _RESTARTING),  # the drain's time was over: the step is given back
    (_ERROR, _RUNNING),  # the broker is back
    (_ERROR, _IDLE),  # there is room on the disk again: the session stood all the while, so it consumes at once
    (_ERROR, _PROCESSING),  # the session is back and the step at hand got its delivery back with it
    (_ERROR, _CRASHED),  # it died while it waited for better times
    (_ERROR, _RESTARTING),  # critical: it starts itself anew
    (_CRASHED, _RESTARTING),  # systemd waits for RestartSec
    (_CRASHED, _STARTING),  # a person was quicker
    (_RESTARTING, _STARTING),  # the new process is there
    (_RESTARTING, _CRASHED),  # the new process could not even be executed
)

TRANSITIONS: dict[WorkerStatus, frozenset[WorkerStatus]] = {
    status: frozenset(after for before, after in _ROWS if before is status) for status in WorkerStatus
}
"""Every state with those that may follow it."""


class StatusMachine:
    """The state that holds now, and since when (milliseconds since the epoch)."""

    def __init__(self, initial: WorkerStatus, *, clock: Callable[[], int] | None = None) -> None:
        self._clock = clock or _milliseconds
        self.status = initial
        self.since = self._clock()

    def become(self, status: WorkerStatus) -> None:
        """Change over to `status`; `since` stays when it holds already. Raises ForbiddenTransition."""
        if not self.status.may_become(status):
            raise ForbiddenTransition(f"a worker that is {self.status} cannot become {status}")
        if status is not self.status:
            self.status, self.since = status, self._clock()


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
