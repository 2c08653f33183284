"""The rows of `jobs`: read before events are taken, written anew from the story of the job afterwards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select

from clipmill.identifiers import split_step_id
from clipmill.job_tree import JobTree
from clipmill_manager.database import upsert
from clipmill_manager.packing import pack, unpack
from clipmill_manager.reports import count, moment
from clipmill_manager.sites import site_of
from clipmill_manager.story import LONGEST_NAME, LONGEST_REASON, Story
from clipmill_manager.tables import jobs

OPEN = "open"
"""The state of a job that is not over; the others are those of its Ending."""
_LONGEST_LINK = 2_000

STORY = (jobs.c.job_id, jobs.c.sender, jobs.c.link, jobs.c.story)
"""The columns from which a story is read."""

Move = tuple[str | None, str]
"""A job's state before and after."""


@dataclass(kw_only=True)
class Dossier:
    """A job while events are taken."""

    story: Story
    first_seen: int
    before: str | None = None
    """The state in which it was found; None for a job that was not known."""
    changed: bool = False


def fetch(connection: Connection, job_ids: Collection[str]) -> dict[str, Dossier]:
    """Those of the jobs that are known, by jobId."""
    wanted = select(*STORY, jobs.c.state, jobs.c.first_seen).where(jobs.c.job_id.in_(job_ids))
    return {
        row["job_id"]: Dossier(story=story_of(row), first_seen=row["first_seen"], before=row["state"])
        for row in connection.execute(wanted).mappings()
    }


def story_of(row: RowMapping) -> Story:
    """The story in a row of these columns (`STORY`)."""
    return unpack(row["job_id"], row["story"], _beside(row["sender"], row["link"]))


def write(connection: Connection, dossiers: Sequence[Dossier], now: int) -> list[Move]:
    """Write the jobs as they are now; how their states changed."""
    rows = [_row(dossier, now) for dossier in dossiers]
    if rows:
        connection.execute(upsert(connection, jobs, key="job_id", values=rows[0]), rows)
    return [(dossier.before, row["state"]) for dossier, row in zip(dossiers, rows, strict=True)]


def count_by_state(connection: Connection) -> dict[str, int]:
    """How many jobs are in each state."""
    counted = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state))
    return dict(counted.all())


def prune(connection: Connection, before: int, *, at_once: int) -> list[str]:
    """Let go of the oldest jobs of which nothing was heard since `before`; the states they were in."""
    old = select(jobs.c.id).where(jobs.c.updated_at < before).order_by(jobs.c.updated_at).limit(at_once)
    return list(connection.execute(delete(jobs).where(jobs.c.id.in_(old)).returning(jobs.c.state)).scalars())


def _row(dossier: Dossier, now: int) -> dict[str, Any]:
    story, tree = dossier.story, dossier.story.tree
    open_steps, about = len(tree.open_steps), _about(tree)
    files = [file for made in tree.files.values() for file in made]
    last = max((moment(end.timestamp, now) for end in tree.ended.values()), default=dossier.first_seen)
    return {
        "job_id": story.job_id,
        "state": str(tree.ending or OPEN),
        "first_seen": dossier.first_seen,
        "updated_at": last,
        "ended_at": last if tree.is_over else None,
        "steps": len(tree.ended) + open_steps,
        "open_steps": open_steps,
        "files": len(files),
        "bytes": count(sum(count(file.bytes) for file in files)),
        "story": pack(story, _beside(about["sender"], about["link"])),
        **about,
    }


def _beside(sender: str | None, link: str | None) -> str:
    return f"{link or ''}{sender or ''}"


def _about(tree: JobTree) -> dict[str, Any]:
    failures = tree.failures
    return {
        "sender": _text(tree.sender, LONGEST_NAME),
        "link": _text(tree.link, _LONGEST_LINK),
        "site": site_of(tree.link),
        "file_path": _text(tree.file_path, _LONGEST_LINK),
        "service": _service(tree),
        "noreply": tree.noreply,
        "reason": _text(failures[0].reason, LONGEST_REASON) if failures else None,
    }


def _service(tree: JobTree) -> str | None:
    """Where the job stands or fell: the service of the first step that was given up, or else of the first open one."""
    steps = [failure.step_id for failure in tree.failures] or tree.open_steps
    return split_step_id(steps[0])[1] if steps else None


def _text(text: str | None, longest: int) -> str | None:
    """What a column can hold: PostgreSQL takes no NUL, and an index no endless key."""
    return None if text is None else text[:longest].replace("\0", "\N{REPLACEMENT CHARACTER}")
