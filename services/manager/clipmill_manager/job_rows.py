"""The rows of `jobs`: one line a job, written anew from its tree whenever that has grown."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from clipmill.job_tree import JobTree
from clipmill_manager.reports import count, moment
from clipmill_manager.step_rows import LONGEST_REASON
from clipmill_manager.tables import jobs

OPEN = "open"
"""The state of a job that is not over; the others are those of its Ending."""

Move = tuple[str | None, str]
"""A job's state before and after."""


def know(connection: Connection, job_id: str, at: int) -> list[Move]:
    """See to it that the job has a line."""
    statement = insert(jobs).values(job_id=job_id, state=OPEN, first_seen=at, updated_at=at)
    is_new = connection.execute(statement.on_conflict_do_nothing()).rowcount == 1
    return [(None, OPEN)] if is_new else []


def sum_up(connection: Connection, tree: JobTree, now: int) -> Move:
    """Write the job's line from its tree."""
    mine = jobs.c.job_id == tree.job_id
    before = connection.execute(select(jobs.c.state).where(mine)).scalar_one()
    line = _line(tree, now)
    connection.execute(jobs.update().where(mine).values(**line))
    return before, str(line["state"])


def count_by_state(connection: Connection) -> dict[str, int]:
    """How many jobs are in each state."""
    counted = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
    return dict(counted.all())


def prune(connection: Connection, before: int, *, at_once: int) -> list[str]:
    """Let go of jobs of which nothing was heard since `before`, their steps with them; the states they were in."""
    old = select(jobs.c.job_id).where(jobs.c.updated_at < before).limit(at_once)
    return list(connection.execute(delete(jobs).where(jobs.c.job_id.in_(old)).returning(jobs.c.state)).scalars())


def _line(tree: JobTree, now: int) -> dict[str, object]:
    failures, open_steps = tree.failures, len(tree.open_steps)
    files = [file for made in tree.files.values() for file in made]
    last = moment(max(end.timestamp for end in tree.ended.values()), now)
    return {
        "state": str(tree.ending or OPEN),
        "sender": tree.sender,
        "link": tree.link,
        "file_path": tree.file_path,
        "noreply": tree.noreply,
        "reason": failures[0].reason[:LONGEST_REASON] if failures else None,
        "updated_at": last,
        "ended_at": last if tree.is_over else None,
        "steps": len(tree.ended) + open_steps,
        "open_steps": open_steps,
        "files": len(files),
        "bytes": count(sum(count(file.bytes) for file in files)),
    }
