"""The story of a job: the attempts of its steps, grown from events in whatever order they come. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from clipmill import identifiers
from clipmill.events import Error, Heartbeat, Progress, Result
from clipmill.job_tree import JobTree

LONGEST_REASON = 2_000
LONGEST_NAME = 200
_MOST_ATTEMPTS = 9_999


class Attempt(msgspec.Struct, array_like=True):
    """One run of a handler for a step, or the wait for it. Times are milliseconds since the epoch."""

    step: str
    """The stepId without its jobId: service/index."""
    number: int
    parent_id: str | None = None
    worker_id: str | None = None
    waiting_since: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    end: Result | Error | None = None
    """What ended the step: a job's tree is grown from these, by the same code everywhere."""


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """A sign that a worker has a step at hand."""

    step_id: str
    worker_id: str
    attempt: int | None = None
    """A heartbeat does not know it: the newest that was heard of, then."""
    parent_id: str | None = None

    @property
    def job_id(self) -> str:
        """The job that the step belongs to."""
        return _split(self.step_id)[0]


class Story:
    """What is known of a job's steps."""

    def __init__(self, job_id: str, attempts: Iterable[Attempt] = ()) -> None:
        self.job_id = job_id
        self._attempts = {(attempt.step, attempt.number): attempt for attempt in attempts}

    @functools.cached_property
    def tree(self) -> JobTree:
        """The tree of the job, which grows as ends are taken."""
        return grow(self.job_id, self._attempts.values())

    def attempts(self) -> list[Attempt]:
        """By step, then by number."""
        return [self._attempts[key] for key in sorted(self._attempts)]

    def begin(self, sign: Beginning, at: int) -> None:
        """The earliest sign of an attempt is its start, also when it arrives after the end."""
        step = _split(sign.step_id)[1]
        attempt = self._attempt(step, sign.attempt or self._newest(step))
        attempt.worker_id = attempt.worker_id or sign.worker_id
        attempt.parent_id = attempt.parent_id or sign.parent_id
        attempt.started_at = at if attempt.started_at is None else min(attempt.started_at, at)

    def end(self, event: Result | Error, at: int) -> Attempt | None:
        """An attempt is over, and with it the step; None when that was told before. Raises MalformedMessage."""
        if not self.tree.take(event):
            return None
        attempt = self._attempt(_split(event.step_id)[1], _bounded(event.attempt))
        # an error is told by whoever decided on the dead letter, which need not be the worker that had the step
        if isinstance(event, Result) or attempt.worker_id is None:
            attempt.worker_id = event.worker_id[:LONGEST_NAME]
        attempt.parent_id, attempt.ended_at, attempt.end = event.parent_id, at, _shortened(event)
        if isinstance(event, Result):
            self._spawn(event, at)
        return attempt

    def _spawn(self, event: Result, at: int) -> None:
        """The steps that follow wait from now on; one that was heard of already only learns since when it waited."""
        for name in event.payload.spawned:
            step = _split(name)[1]
            known = self._attempts.get((step, 1))
            if known is None:
                self._attempts[step, 1] = Attempt(step, 1, parent_id=event.step_id, waiting_since=at)
            elif known.waiting_since is None:
                known.waiting_since = at

    def _attempt(self, step: str, number: int) -> Attempt:
        return self._attempts.setdefault((step, number), Attempt(step, number))

    def _newest(self, step: str) -> int:
        return max((number for name, number in self._attempts if name == step), default=1)


def beginning(event: Progress | Heartbeat) -> Beginning | None:
    """What the event says of a step's beginning; None for nothing, or nothing that can be read."""
    if isinstance(event, Heartbeat):
        step_id, attempt, parent_id = event.payload.step_id or "", None, None
    else:
        step_id, attempt, parent_id = event.step_id, _bounded(event.attempt), event.parent_id
    if not identifiers.is_step_id(step_id):
        return None
    return Beginning(
        step_id=step_id,
        worker_id=event.worker_id[:LONGEST_NAME],
        attempt=attempt,
        parent_id=parent_id if parent_id and identifiers.is_step_id(parent_id) else None,
    )


def grow(job_id: str, attempts: Iterable[Attempt]) -> JobTree:
    """The tree of a job from the events that ended its steps."""
    tree = JobTree(job_id=job_id)
    for attempt in attempts:
        if attempt.end is not None:
            tree.take(attempt.end)
    return tree


def _split(step_id: str) -> tuple[str, str]:
    """The jobId, and what the stepId has besides."""
    job_id, _, step = step_id.partition("/")
    return job_id, step


def _bounded(number: int) -> int:
    """An attempt's number that can be true."""
    return min(max(number, 1), _MOST_ATTEMPTS)


def _shortened(event: Result | Error) -> Result | Error:
    if isinstance(event, Result) or len(event.payload.error) <= LONGEST_REASON:
        return event
    payload = msgspec.structs.replace(event.payload, error=event.payload.error[:LONGEST_REASON])
    return msgspec.structs.replace(event, payload=payload)
