"""The bulletin: the manager's alerts on their way to the channels, in the same deliveries as the notices of jobs."""

from __future__ import annotations

from collections.abc import Iterable

from clipmill.events import Alert
from clipmill_notifier.database import Database
from clipmill_notifier.notice import write_notice

_NO_JOB = ""


class Bulletin:
    """Alerts that are to be delivered. Every call is part of a commit of the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, alert: Alert, channels: Iterable[str]) -> bool:
        """Write an alert down, due at once on each of the channels; False when it is there already."""
        new = self._database.run(
            "INSERT OR IGNORE INTO notices (id, job_id, body) VALUES (:id, :job_id, :body) RETURNING id",
            id=alert.id,
            job_id=_NO_JOB,
            body=write_notice(alert),
        ).fetchone()
        for channel in channels if new else ():
            self._database.run(
                "INSERT INTO deliveries (notice_id, channel, due_at) VALUES (:id, :channel, :due_at)",
                id=alert.id,
                channel=channel,
                due_at=alert.timestamp,
            )
        return bool(new)

    def prune(self, *, before: int) -> None:
        """Forget the alerts that were delivered, or refused, and were due before that time."""
        for statement in _FORGET:
            self._database.run(statement, job_id=_NO_JOB, before=before)


_FORGET = (
    "DELETE FROM deliveries WHERE due_at < :before AND state IN ('sent', 'refused')"
    " AND notice_id IN (SELECT id FROM notices WHERE job_id = :job_id)",
    "DELETE FROM notices WHERE job_id = :job_id AND :before > 0"
    " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE notice_id = id)",
)
