"""The trees of jobs, kept as the events that ended their steps."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from clipmill.events import Error, Result, read_event, write_event
from clipmill.job_tree import JobTree
from clipmill.messages import MalformedMessage
from clipmill_notifier.database import Database

log = logging.getLogger(__name__)


class Trees:
    """What is known of each job. Every call is part of a commit of the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, job_id: str) -> JobTree:
        """The tree as it is known."""
        tree = JobTree(job_id=job_id)
        for (event,) in self._database.run("SELECT event FROM steps WHERE job_id = :job_id", job_id=job_id):
            kept = read_event(event)
            assert isinstance(kept, Result | Error)
            tree.take(kept)
        return tree

    def grow(self, tree: JobTree, events: Sequence[Result | Error]) -> bool:
        """Take the events into `tree` and keep them; whether they told anything new."""
        news = [event for event in events if _take(tree, event)]
        for event in news:
            self._keep(event)
        return bool(news)

    def mark(self, tree: JobTree, *, at: int) -> None:
        """Keep whether the job is over, and since when; what it has in the store; whether it may be taken up again."""
        self._database.run(
            "INSERT INTO jobs (job_id, closed_at, bytes, parked) VALUES (:job_id, :closed_at, :bytes, :parked)"
            " ON CONFLICT (job_id) DO UPDATE SET closed_at = excluded.closed_at, bytes = excluded.bytes,"
            " parked = excluded.parked, removal_at = NULL",
            job_id=tree.job_id,
            closed_at=at if tree.is_over else None,
            bytes=sum(artifact.bytes for artifacts in tree.results.values() for artifact in artifacts),
            parked=any(not failure.cancelled for failure in tree.failures),
        )

    def _keep(self, event: Result | Error) -> None:
        self._database.run(
            "INSERT OR REPLACE INTO steps (job_id, step_id, event) VALUES (:job_id, :step_id, :event)",
            job_id=event.job_id,
            step_id=event.step_id,
            event=write_event(event),
        )


def _take(tree: JobTree, event: Result | Error) -> bool:
    try:
        return tree.take(event)
    except MalformedMessage as error:
        # it can never be made sense of: refusing it would only bring it back for ever
        log.warning("an event is left out: %s", error)
        return False
