"""Fills a history as the manager writes it, and says how much room a job takes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from bench.manager.fleet import Fleet
from clipmill.events import Event
from clipmill_manager.database import open_database
from clipmill_manager.history import History

_AT_ONCE = 30
"""Jobs that are under way at the same time."""
_APART_MS = 100


def fill(path: Path, fleet: Fleet, jobs: int, *, until: int, batch: int) -> float:
    """Write the events of that many jobs, the last of them at `until`; bytes on the disk a job."""
    engine = open_database(f"sqlite:///{path}")
    history, told = History(engine), []
    for event in events(fleet, jobs, first=until - jobs * _APART_MS):
        told.append(event)
        if len(told) == batch:
            history.record(told)
            told = []
    history.record(told)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path.stat().st_size / jobs


def events(fleet: Fleet, jobs: int, *, first: int) -> Iterator[Event]:
    """The events of jobs that overlap, as those of a busy fleet do."""
    dice, open_jobs = random.Random(2), []
    for number in range(jobs):
        open_jobs.append(fleet.job(first + number * _APART_MS))
        while len(open_jobs) > _AT_ONCE:
            yield _next(open_jobs, dice.randrange(len(open_jobs)))
    while open_jobs:
        yield _next(open_jobs, 0)


def _next(open_jobs: list[list[Event]], place: int) -> Event:
    event = open_jobs[place].pop(0)
    if not open_jobs[place]:
        del open_jobs[place]
    return event
