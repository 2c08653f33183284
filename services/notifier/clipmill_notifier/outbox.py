"""The outbox: notices that were written down with the end of their job, and how far their delivery is, by channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from clipmill.events import Alert
from clipmill_notifier.database import Database
from clipmill_notifier.notice import Notice, Told, read_notice, write_notice

FIRST_DELAY_MS, LONGEST_DELAY_MS = 5_000, 3_600_000
RETENTION_MS = 30 * 24 * 3_600_000


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on its way, and which try this is."""

    notice: Told
    tries: int


class Delivered(msgspec.Struct, frozen=True):
    """The channel took it."""

    notice_id: str


class Delayed(msgspec.Struct, frozen=True):
    """Another try may help."""

    notice_id: str
    trouble: str
    due_at: int


class Refused(msgspec.Struct, frozen=True):
    """No further try would help; it is kept."""

    notice_id: str
    trouble: str


Receipt = Delivered | Delayed | Refused


def delay_after(tries: int) -> int:
    """Milliseconds to wait after the try of that number: 5 s, doubled each time, up to an hour."""
    return min(FIRST_DELAY_MS << min(tries - 1, 20), LONGEST_DELAY_MS)


class Outbox:
    """Notices and their deliveries. Every call that writes is part of a commit of the caller's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest(self, job_id: str) -> tuple[int, Notice | None]:
        """How many notices the job has had, and the last of them."""
        row = self._database.run(
            "SELECT editions, body FROM jobs LEFT JOIN notices USING (job_id)"
            " WHERE job_id = :job_id ORDER BY length(id) DESC, id DESC LIMIT 1",
            job_id=job_id,
        ).fetchone()
        last = read_notice(row[1]) if row and row[1] else None
        assert not isinstance(last, Alert), "an alert belongs to no job"
        return (row[0], last) if row else (0, None)

    def put(self, notice: Notice, channels: Iterable[str]) -> None:
        """Write a notice down, due at once on each of the channels."""
        run, about = self._database.run, {"id": notice.id, "job_id": notice.job_id}
        run("INSERT INTO notices (id, job_id, body) VALUES (:id, :job_id, :body)", **about, body=write_notice(notice))
        run("UPDATE jobs SET editions = editions + 1 WHERE job_id = :job_id", job_id=notice.job_id)
        for channel in channels:
            run(
                "INSERT INTO deliveries (notice_id, channel, due_at) VALUES (:id, :channel, :due_at)",
                id=notice.id,
                channel=channel,
                due_at=notice.timestamp,
            )

    def claim(self, channel: str, *, at: int, limit: int) -> list[Parcel]:
        """Up to `limit` notices that are due on the channel, marked as being sent before they are.

        Whoever finds that mark after a kill knows that the receiver may have got the notice already.
        """
        rows = self._database.run(
            "SELECT id, body, tries FROM deliveries JOIN notices ON id = notice_id"
            " WHERE channel = :channel AND state = 'due' AND due_at <= :at ORDER BY due_at LIMIT :limit",
            channel=channel,
            at=at,
            limit=limit,
        ).fetchall()
        for name, _, tries in rows:
            self._set(name, channel, state="sending", tries=tries + 1)
        return [Parcel(notice=read_notice(body), tries=tries + 1) for _, body, tries in rows]

    def record(self, channel: str, receipts: Sequence[Receipt]) -> None:
        """Keep what became of claimed notices."""
        for receipt in receipts:
            match receipt:
                case Delivered(name):
                    self._set(name, channel, state="sent", trouble=None)
                case Delayed(name, trouble, due_at):
                    self._set(name, channel, state="due", trouble=trouble, due_at=due_at)
                case Refused(name, trouble):
                    self._set(name, channel, state="refused", trouble=trouble)

    def next_due(self, channel: str) -> int | None:
        """When the next delivery on the channel is due, in milliseconds since the epoch; None: nothing waits."""
        (due_at,) = self._database.run(
            "SELECT min(due_at) FROM deliveries WHERE channel = :channel AND state = 'due'", channel=channel
        ).fetchone()
        return int(due_at) if due_at is not None else None

    def take_up_interrupted(self, *, at: int) -> list[tuple[str, str]]:
        """Make due again what was being sent when we were killed, count it, and return it as (notice id, channel)."""
        # nothing waits that long, unless the clock was set back
        too_far = at + 2 * LONGEST_DELAY_MS
        self._database.run(
            "UPDATE deliveries SET due_at = :at WHERE state = 'due' AND due_at > :too_far", at=at, too_far=too_far
        )
        return self._database.run(
            "UPDATE deliveries SET state = 'due', repeats = repeats + 1"
            " WHERE state = 'sending' RETURNING notice_id, channel"
        ).fetchall()

    def waiting(self) -> dict[str, int]:
        """How many notices wait, by channel."""
        return dict(
            self._database.run(
                "SELECT channel, count(*) FROM deliveries WHERE state = 'due' GROUP BY channel"
            ).fetchall()
        )

    def prune(self, *, before: int) -> int:
        """Forget the jobs that ended before that time and have nothing to deliver; how many there were.

        Of one whose files are kept for ever the row stays, should they not be kept for ever after all.
        """
        jobs = self._database.run(_FORGETTABLE, before=before).fetchall()
        for (job_id,) in jobs:
            for statement in _FORGET:
                self._database.run(statement, job_id=job_id)
        return len(jobs)

    def _set(self, name: str, channel: str, **values: str | int | None) -> None:
        columns = ", ".join(f"{column} = :{column}" for column in values)
        self._database.run(
            f"UPDATE deliveries SET {columns} WHERE notice_id = :name AND channel = :channel",
            name=name,
            channel=channel,
            **values,
        )


# so many at once that neither the event loop nor the disk is held up by a long history
_FORGETTABLE = """
SELECT job_id FROM jobs WHERE closed_at < :before
AND (removal_at < :before OR removal_at IS NULL AND EXISTS (SELECT 1 FROM steps WHERE steps.job_id = jobs.job_id))
AND NOT EXISTS (
    SELECT 1 FROM deliveries JOIN notices ON id = notice_id
    WHERE notices.job_id = jobs.job_id AND state IN ('due', 'sending')
) LIMIT 500
"""
_FORGET = (
    "DELETE FROM deliveries WHERE notice_id IN (SELECT id FROM notices WHERE job_id = :job_id)",
    "DELETE FROM notices WHERE job_id = :job_id",
    "DELETE FROM steps WHERE job_id = :job_id",
    "DELETE FROM jobs WHERE job_id = :job_id AND removal_at IS NOT NULL",
)
