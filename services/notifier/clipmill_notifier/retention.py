"""How long the files of jobs are kept, and which go next: decided here alone, where it is known that a job is over."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clipmill import removal
from clipmill.messages import now
from clipmill.pulse import pulse
from clipmill.removal import Remove
from clipmill.session import PublishRefused, Session
from clipmill.settings import NEVER, Settings
from clipmill_notifier.database import Database

log = logging.getLogger(__name__)

GRACE = 3600
"""Seconds in which the quota leaves a job alone: who has just been told of it may fetch its files."""

_SWEEP_SECONDS = 60
_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Closed:
    """A job that is over, and of which its sender has been told."""

    job_id: str
    closed_at: int
    """Milliseconds since the epoch."""
    bytes: int
    parked: bool
    """A step of it lies in the parking lot, as far as we know: a person may have it tried again, or have dropped it."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """For how long, in seconds, and up to how many bytes."""

    retention: int
    parked_retention: int
    quota: int | None

    @classmethod
    def of(cls, settings: Settings) -> Rule:
        """The operator's."""
        return cls(
            retention=settings.retention,
            parked_retention=max(settings.retention, settings.parked_retention),
            quota=settings.store_quota,
        )

    @property
    def longest(self) -> int:
        """Seconds after which nothing of a job is left, or 0 when files are kept for ever."""
        return 0 if NEVER in (self.retention, self.parked_retention) else self.parked_retention

    def choose(self, jobs: Iterable[Closed], *, stored: int, at: int) -> Iterator[tuple[Closed, Remove]]:
        """Which of `jobs`, given oldest first, go now; `stored` are the bytes of all jobs, whether over or not.

        By age each; then, while more is stored than the quota allows, the oldest of those that nobody may need again.
        """
        excess = stored - self.quota if self.quota is not None else 0
        for job in jobs:
            age = (at - job.closed_at) / 1000
            kept = self.parked_retention if job.parked else self.retention
            if age >= kept:
                yield job, _order(job, f"after {_span(kept)}", kept)
            elif excess > 0 and not job.parked and age >= GRACE and job.bytes:
                yield job, _order(job, "to make room for newer jobs (STORE_QUOTA)", GRACE)
            elif excess <= 0 and age < self.retention:
                return
            else:
                continue
            excess -= job.bytes


class Retention:
    """Says whose files go, and remembers that it was said."""

    def __init__(self, database: Database, rule: Rule) -> None:
        self._database = database
        self._rule = rule

    async def run(self, session: Session) -> None:
        """Until cancelled."""
        while True:
            try:
                while await self.sweep(session, at=now()):
                    pass
            except PublishRefused as refused:
                log.warning("no worker is there to remove old files, trying again: %s", refused)
            await pulse(_SWEEP_SECONDS)

    async def sweep(self, session: Session, *, at: int) -> int:
        """Have the files of some jobs removed; of how many. Raises PublishRefused, SessionLost.

        Said first and remembered then: after a kill in between it is said again, which changes nothing. A job that
        was taken up again meanwhile is not marked, and the worker finds its files too young.
        """
        chosen = list(itertools.islice(self._rule.choose(self._closed(at), stored=self._stored(), at=at), _AT_ONCE))
        if chosen:
            await session.publish(*(removal.remove(order) for _, order in chosen))
            await self._database.commit(lambda: self._remember([job for job, _ in chosen], at))
            log.info("old files are removed, jobs: %d", len(chosen))
        return len(chosen)

    def _closed(self, at: int) -> Iterator[Closed]:
        youngest = self._rule.retention if self._rule.quota is None else min(self._rule.retention, GRACE)
        for job_id, closed_at, size, parked in self._database.run(_CLOSED, before=at - youngest * 1000 + 1):
            yield Closed(job_id=job_id, closed_at=closed_at, bytes=size, parked=bool(parked))

    def _stored(self) -> int:
        if self._rule.quota is None:
            return 0
        (stored,) = self._database.run("SELECT sum(bytes) FROM jobs WHERE removal_at IS NULL").fetchone()
        return int(stored or 0)

    def _remember(self, jobs: Iterable[Closed], at: int) -> None:
        for job in jobs:
            self._database.run(
                "UPDATE jobs SET removal_at = :at WHERE job_id = :job_id AND closed_at = :closed_at",
                at=at,
                job_id=job.job_id,
                closed_at=job.closed_at,
            )


# read row by row, and no further than is needed: the oldest come first
_CLOSED = """
SELECT job_id, closed_at, bytes, parked FROM jobs
WHERE removal_at IS NULL AND closed_at < :before AND NOT EXISTS (
    SELECT 1 FROM deliveries JOIN notices ON id = notice_id
    WHERE notices.job_id = jobs.job_id AND state IN ('due', 'sending')
) ORDER BY closed_at
"""


def _order(job: Closed, reason: str, untouched: int) -> Remove:
    return Remove(job_id=job.job_id, reason=reason, untouched_seconds=untouched)


def _span(seconds: int) -> str:
    for length, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length} {name}"
    return f"{seconds} seconds"
