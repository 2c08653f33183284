"""The history, read: the newest jobs that match, a page at a time, and one job with its tree.

What a search costs does not grow with the history: one filter is an index, and the others look through no more than
`LOOKED_THROUGH` jobs of it; where that ends, the next page begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, select, tuple_

from clipmill.events import Progress
from clipmill.job_tree import Ending
from clipmill_manager.job_rows import OPEN, story_of
from clipmill_manager.job_view import JobLine, JobView, view
from clipmill_manager.tables import jobs

STATES = (OPEN, *map(str, Ending))
LOOKED_THROUGH = 5_000

_LINE = [jobs.c[name] for name in JobLine.__struct_fields__]
_INDEXED = ("sender", "site", "state")
"""Filters with an index, the most telling first."""

Cursor = tuple[int, int]
"""A place in the list: (updated_at, id) of the job before it."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """Which jobs are wanted; None: no matter."""

    state: str | None = None
    sender: str | None = None
    site: str | None = None
    service: str | None = None
    reason: str | None = None
    """A part of it."""
    since: int | None = None
    """Milliseconds since the epoch of its newest event, at least."""
    until: int | None = None
    after: Cursor | None = None
    """Where the page before ended."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the jobs that match, the newest first."""

    jobs: list[JobLine]
    next: str | None
    """Where to go on; None at the end."""


def search(engine: Engine, wanted: Search, limit: int) -> Page:
    """The page of jobs that match."""
    conditions = _conditions(wanted)
    first = next((name for name in _INDEXED if name in conditions), None)
    near = _newest(_place(wanted), *([conditions.pop(first)] if first else []))
    with engine.connect() as connection:
        looked_through = near if conditions else near.limit(limit + 1)
        found = connection.execute(_matching(looked_through, conditions).limit(limit + 1)).mappings().all()
        lines = [_line(row) for row in found[:limit]]
        if len(found) > limit:
            return Page(jobs=lines, next=f"{found[limit - 1]['updated_at']}.{found[limit - 1]['id']}")
        return Page(jobs=lines, next=_end_of(connection, near) if conditions else None)


def find(engine: Engine, job_id: str, progress: Sequence[Progress]) -> JobView | None:
    """The job with its tree; None when it is not known."""
    with engine.connect() as connection:
        row = connection.execute(select(*_LINE, jobs.c.story).where(jobs.c.job_id == job_id)).mappings().one_or_none()
    return view(_line(row), story_of(row), progress) if row else None


def oldest_open(engine: Engine) -> int | None:
    """When something last ended in the open job of which that is longest ago."""
    oldest = select(jobs.c.updated_at).where(jobs.c.state == OPEN).order_by(jobs.c.updated_at).limit(1)
    with engine.connect() as connection:
        return connection.execute(oldest).scalar_one_or_none()


def _line(row: RowMapping) -> JobLine:
    return JobLine(**{name: row[name] for name in JobLine.__struct_fields__})


def _conditions(wanted: Search) -> dict[str, ColumnElement[bool]]:
    given = {name: getattr(wanted, name) for name in ("state", "sender", "site", "service")}
    conditions = {name: jobs.c[name] == value for name, value in given.items() if value is not None}
    if wanted.reason is not None:
        conditions["reason"] = jobs.c.reason.contains(wanted.reason, autoescape=True)
    return conditions


def _place(wanted: Search) -> list[ColumnElement[bool]]:
    place: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        place.append(jobs.c.updated_at >= wanted.since)
    if wanted.until is not None:
        place.append(jobs.c.updated_at <= wanted.until)
    if wanted.after is not None:
        place.append(tuple_(jobs.c.updated_at, jobs.c.id) < tuple_(*wanted.after))
    return place


def _newest(place: list[ColumnElement[bool]], *indexed: ColumnElement[bool]) -> Select[Any]:
    """The jobs that are looked through."""
    order = (jobs.c.updated_at.desc(), jobs.c.id.desc())
    return select(jobs.c.id, jobs.c.updated_at).where(*place, *indexed).order_by(*order).limit(LOOKED_THROUGH)


def _matching(near: Select[Any], conditions: dict[str, ColumnElement[bool]]) -> Select[Any]:
    near_jobs = near.subquery()
    matching = select(jobs.c.id, *_LINE).join(near_jobs, near_jobs.c.id == jobs.c.id).where(*conditions.values())
    return matching.order_by(near_jobs.c.updated_at.desc(), near_jobs.c.id.desc())


def _end_of(connection: Connection, near: Select[Any]) -> str | None:
    last = connection.execute(near.limit(1).offset(LOOKED_THROUGH - 1)).one_or_none()
    return f"{last.updated_at}.{last.id}" if last else None
