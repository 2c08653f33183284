"""The history, read: the newest jobs, and one job with its tree."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, select

from clipmill.events import Progress
from clipmill.job_tree import Ending
from clipmill_manager.job_rows import OPEN
from clipmill_manager.job_view import JobLine, JobView, view
from clipmill_manager.tables import jobs, steps

STATES = (OPEN, *map(str, Ending))


def newest(engine: Engine, state: str | None, limit: int) -> list[JobLine]:
    """The jobs of which something was heard last, of all states or of one."""
    wanted = select(jobs).order_by(jobs.c.updated_at.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(jobs.c.state == state)
    with engine.connect() as connection:
        return [JobLine(**row) for row in connection.execute(wanted).mappings()]


def find(engine: Engine, job_id: str, progress: Sequence[Progress]) -> JobView | None:
    """The job with its tree; None when it is not known."""
    rows = select(steps).where(steps.c.job_id == job_id).order_by(steps.c.step, steps.c.attempt)
    with engine.connect() as connection:
        line = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).mappings().one_or_none()
        if line is None:
            return None
        return view(JobLine(**line), [dict(row) for row in connection.execute(rows).mappings()], progress)
