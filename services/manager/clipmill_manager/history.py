"""The history, written: what became of jobs and steps, in whatever order and however often it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.sqlite import insert

from clipmill import messages
from clipmill.events import Error, Event, Heartbeat, Metrics, Progress, Result
from clipmill_manager import job_rows, step_rows
from clipmill_manager.entities import WorkerRecord
from clipmill_manager.ledger import Ledger
from clipmill_manager.step_rows import Beginning
from clipmill_manager.tables import workers

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

    def record(self, events: Sequence[Event], records: Iterable[WorkerRecord] = ()) -> None:
        """Take events in order, and workers as they are now: all or nothing."""
        now = self._clock()
        with self._engine.begin() as connection:
            ledger = Ledger(connection, now)
            for event in events:
                ledger.take(event)
            moves = ledger.close()
            for record in records:
                _save(connection, record, now)
        self._count(moves)
        self._remember(events)

    def is_news(self, event: Event) -> bool:
        """Whether there may be anything to write down: a step's progress comes each second, and its first word does."""
        match event:
            case Result() | Error():
                return True
            case Progress() | Heartbeat():
                sign = step_rows.beginning(event)
                return sign is not None and sign not in self._begun
            case Metrics():
                return False

    def workers(self) -> list[WorkerRecord]:
        """The workers as they were when last recorded."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(workers.c.record)).scalars()
            return [msgspec.json.decode(row, type=WorkerRecord) for row in rows]

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
            sign = step_rows.beginning(event) if isinstance(event, Progress | Heartbeat) else None
            if sign is not None:
                self._begun[sign] = None
        while len(self._begun) > _MOST_REMEMBERED:
            del self._begun[next(iter(self._begun))]


def _save(connection: Connection, record: WorkerRecord, now: int) -> None:
    values = {"saved_at": now, "record": msgspec.json.encode(record)}
    statement = insert(workers).values(worker_id=record.worker_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["worker_id"], set_=values))
