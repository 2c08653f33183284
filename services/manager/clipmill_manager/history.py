"""The history, written: what became of jobs and steps, in whatever order and however often it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlalchemy import Engine, select

from clipmill import messages
from clipmill.events import Alert, Error, Event, Heartbeat, Metrics, Progress, Result
from clipmill_manager import job_rows
from clipmill_manager.database import upsert
from clipmill_manager.entities import WorkerRecord
from clipmill_manager.ledger import Ledger
from clipmill_manager.step_end import StepEnd
from clipmill_manager.story import Beginning, beginning
from clipmill_manager.tables import keepsakes, workers

_MOST_REMEMBERED = 8_192
_PRUNED_AT_ONCE = 500


class History:
    """One transaction after the other; not to be written by two threads at once."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int] = messages.now) -> None:
        self._engine = engine
        self._clock = clock
        self._begun: dict[Beginning, None] = {}
        with engine.connect() as connection:
            self.totals = Counter(job_rows.count_by_state(connection))
        """Jobs by state, as they are."""
        self.endings: Counter[str] = Counter()
        """Jobs that ended since this process began, by how."""

    def record(self, events: Sequence[Event], records: Iterable[WorkerRecord] = ()) -> list[StepEnd]:
        """Take events in order, and workers as they are now: all or nothing; the steps whose end was news."""
        now = self._clock()
        rows = [_worker_row(record, now) for record in records]
        with self._engine.begin() as connection:
            ledger = Ledger(connection, events, now)
            for event in events:
                ledger.take(event)
            moves = ledger.close()
            if rows:
                connection.execute(upsert(connection, workers, key="worker_id", values=rows[0]), rows)
        self._count(moves)
        self._remember(events)
        return ledger.ended

    def is_news(self, event: Event) -> bool:
        """Whether there may be anything to write down: a step's progress comes each second, and its first word does."""
        match event:
            case Result() | Error():
                return True
            case Progress() | Heartbeat():
                sign = beginning(event)
                return sign is not None and sign not in self._begun
            case Metrics() | Alert():
                return False

    def workers(self) -> list[WorkerRecord]:
        """The workers as they were when last recorded."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(workers.c.record)).scalars()
            return [msgspec.json.decode(row, type=WorkerRecord) for row in rows]

    def forget(self, worker_ids: Sequence[str]) -> None:
        """Let go of workers that are no more."""
        with self._engine.begin() as connection:
            connection.execute(workers.delete().where(workers.c.worker_id.in_(worker_ids)))

    def keep(self, name: str, body: bytes) -> None:
        """Keep something small, in place of what had that name before."""
        values = {"name": name, "body": body}
        with self._engine.begin() as connection:
            connection.execute(upsert(connection, keepsakes, key="name", values=values), values)

    def kept(self, name: str) -> bytes | None:
        """What is kept under that name."""
        with self._engine.connect() as connection:
            found = connection.execute(select(keepsakes.c.body).where(keepsakes.c.name == name)).scalar_one_or_none()
            return bytes(found) if found is not None else None

    def prune(self, before: int) -> int:
        """Let go of jobs of which nothing was heard since `before`, some at once; how many."""
        with self._engine.begin() as connection:
            gone = job_rows.prune(connection, before, at_once=_PRUNED_AT_ONCE)
        self.totals.subtract(gone)
        return len(gone)

    def _count(self, moves: list[job_rows.Move]) -> None:
        for before, after in moves:
            if before is not None:
                self.totals[before] -= 1
            self.totals[after] += 1
            if after not in (before, job_rows.OPEN):
                self.endings[after] += 1

    def _remember(self, events: Sequence[Event]) -> None:
        """Beginnings that are written down; forgetting one costs one write."""
        for event in events:
            sign = beginning(event) if isinstance(event, Progress | Heartbeat) else None
            if sign is not None:
                self._begun[sign] = None
        while len(self._begun) > _MOST_REMEMBERED:
            del self._begun[next(iter(self._begun))]


def _worker_row(record: WorkerRecord, now: int) -> dict[str, object]:
    return {"worker_id": record.worker_id, "saved_at": now, "record": msgspec.json.encode(record)}
