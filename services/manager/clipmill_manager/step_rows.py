"""The rows of `steps`: how an attempt begins, ends and is spawned, whatever of these is told first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from clipmill import identifiers
from clipmill.events import Error, Heartbeat, Progress, Result, read_event, write_event
from clipmill.job_tree import JobTree
from clipmill_manager.tables import steps

LONGEST_REASON = 2_000
_LONGEST_NAME = 200
_MOST_ATTEMPTS = 9_999
_KEY = ("job_id", "step", "attempt")


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
        return split(self.step_id)[0]


def beginning(event: Progress | Heartbeat) -> Beginning | None:
    """What the event says of a step's beginning; None for nothing, or nothing that can be read."""
    if isinstance(event, Heartbeat):
        step_id, attempt, parent_id = event.payload.step_id or "", None, None
    else:
        step_id, attempt, parent_id = event.step_id, bounded_attempt(event.attempt), event.parent_id
    if not is_step_id(step_id):
        return None
    return Beginning(
        step_id=step_id,
        worker_id=event.worker_id[:_LONGEST_NAME],
        attempt=attempt,
        parent_id=parent_id if parent_id and is_step_id(parent_id) else None,
    )


def begin(connection: Connection, sign: Beginning, at: int) -> None:
    """The earliest sign of an attempt is its start, also when it arrives after the end."""
    job_id, step = split(sign.step_id)
    attempt = sign.attempt or _newest_attempt(connection, job_id, step)
    given = {"worker_id": sign.worker_id, "started_at": at, "parent_id": sign.parent_id}
    statement = insert(steps).values(job_id=job_id, step=step, attempt=attempt, **given)
    earlier = {name: func.coalesce(steps.c[name], value) for name, value in given.items()}
    kept = earlier | {"started_at": func.min(earlier["started_at"], at)}
    connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=kept))


def end(connection: Connection, event: Result | Error, at: int) -> None:
    """An attempt is over, and with it the step."""
    job_id, step = split(event.step_id)
    worker_id = event.worker_id[:_LONGEST_NAME]
    given: dict[str, Any] = {
        "parent_id": event.parent_id,
        "worker_id": worker_id,
        "ended_at": at,
        "event": write_event(_shortened(event)),
    }
    statement = insert(steps).values(job_id=job_id, step=step, attempt=bounded_attempt(event.attempt), **given)
    # an error is told by whoever decided on the dead letter, which need not be the worker that had the step
    kept = given if isinstance(event, Result) else given | {"worker_id": func.coalesce(steps.c.worker_id, worker_id)}
    connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=kept))


def spawn(connection: Connection, event: Result, at: int) -> None:
    """The steps that follow wait from now on; one that was heard of already only learns since when it waited."""
    names = [split(name) for name in dict.fromkeys(event.payload.spawned)]
    common = {"attempt": 1, "parent_id": event.step_id, "waiting_since": at}
    kept = {"waiting_since": func.coalesce(steps.c.waiting_since, at)}
    statement = insert(steps).on_conflict_do_update(index_elements=_KEY, set_=kept)
    if names:
        # one row an execution: SQLite takes a limited number of values in a statement, and a long film has many parts
        connection.execute(statement, [{"job_id": job_id, "step": step} | common for job_id, step in names])


def tree_of(connection: Connection, job_id: str) -> JobTree:
    """The tree of a job as far as it is written down."""
    ends = select(steps.c.event).where(steps.c.job_id == job_id, steps.c.event.is_not(None))
    return grow(job_id, connection.execute(ends).scalars())


def grow(job_id: str, ends: Iterable[bytes | None]) -> JobTree:
    """The tree of a job from the events that ended its steps."""
    tree = JobTree(job_id=job_id)
    for body in ends:
        event = read_event(body) if body else None
        if isinstance(event, Result | Error):
            tree.take(event)
    return tree


def split(step_id: str) -> tuple[str, str]:
    """The jobId, and what the stepId has besides."""
    job_id, _, step = step_id.partition("/")
    return job_id, step


def is_step_id(text: str) -> bool:
    """Whether `text` is a stepId."""
    try:
        return bool(identifiers.split_step_id(text))
    except ValueError:
        return False


def bounded_attempt(number: int) -> int:
    """An attempt's number that can be true, and that a database can hold."""
    return min(max(number, 1), _MOST_ATTEMPTS)


def _newest_attempt(connection: Connection, job_id: str, step: str) -> int:
    newest = select(func.max(steps.c.attempt)).where(steps.c.job_id == job_id, steps.c.step == step)
    return connection.execute(newest).scalar() or 1


def _shortened(event: Result | Error) -> Result | Error:
    if isinstance(event, Result) or len(event.payload.error) <= LONGEST_REASON:
        return event
    payload = msgspec.structs.replace(event.payload, error=event.payload.error[:LONGEST_REASON])
    return msgspec.structs.replace(event, payload=payload)
