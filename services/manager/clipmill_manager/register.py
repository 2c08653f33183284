"""The register: every worker of the fleet as far as it is known, from its own messages and from systemd. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clipmill import messages
from clipmill.events import Alert, Error, Event, Heartbeat, Metrics, Progress, Result
from clipmill.pipeline import SERVICES
from clipmill.worker_status import WorkerStatus
from clipmill_manager import names
from clipmill_manager.entities import FleetHealth, WorkerPool, WorkerRecord, WorkerThread
from clipmill_manager.lives import tally_of
from clipmill_manager.reports import after_heartbeat, after_metrics, after_step
from clipmill_manager.specs import spec_of
from clipmill_manager.unit_state import UnitState, after_unit

SILENT_AFTER_MS = 180_000
"""Metrics come each minute: three of them missed."""
FORGOTTEN_AFTER_MS = 3_600_000
"""A silent worker that no systemd knows is forgotten after an hour: its machine is gone, or its name was a lie."""
MOST_WORKERS = 2_000
"""Names beyond this are not taken: they come over a network, and a register must not grow without end."""

ABLE = (WorkerStatus.RUNNING, WorkerStatus.IDLE, WorkerStatus.PROCESSING)
STRATEGY = "first-free"  # each worker holds one step, and the broker gives the next to the first that is free


class Register:
    """Workers by name; what is heard is taken as far as it can be true, and nothing here raises."""

    def __init__(self, host: str, *, clock: Callable[[], int] = messages.now) -> None:
        self._host = host
        self._clock = clock
        self._records: dict[str, WorkerRecord] = {}
        self._units: dict[str, UnitState] = {}
        self._changed: set[str] = set()

    def hear(self, event: Event) -> None:
        """Take what a worker says. Only a heartbeat makes a new worker known: other events may be days old."""
        known = self._records.get(event.worker_id)
        if known is None and isinstance(event, Heartbeat):
            known = self._new(event.worker_id, event.payload.host)
        if known is not None:
            self._put(_after(known, event, self._clock()))

    def observe(self, unit: UnitState) -> None:
        """Take what systemd says of a unit of this host."""
        self._units[unit.name] = unit
        name = names.worker_id(self._host, unit.name)
        known = self._records.get(name)
        if known is None and not unit.is_over:
            known = self._new(name, self._host)
        if known is not None:
            self._put(after_unit(known, unit, self._clock()))

    def vanish(self, unit: str) -> None:
        """systemd knows the unit no more: the fleet was made smaller."""
        self._units.pop(unit, None)

    def workers(self) -> list[WorkerThread]:
        """Those that are there, by name; silent ones marked."""
        now = self._clock()
        return [record.shown(silent=_is_silent(record, now)) for record in self._present()]

    def pools(self) -> list[WorkerPool]:
        """A pool for each service of the pipeline, and for whatever else has a worker."""
        workers = self.workers()
        services = dict.fromkeys((*SERVICES, *(worker.service for worker in workers)))
        return [self._pool(service, [w for w in workers if w.service == service]) for service in services]

    def health(self) -> FleetHealth:
        """The reference's getOverallHealth. What notifier and manager count are events, and no jobs."""
        records, now = self._present(), self._clock()
        tallies = [tally_of(record) for record in records if record.service in SERVICES]
        good, bad = (sum(t.jobs_successful for t in tallies), sum(t.jobs_failed for t in tallies))
        return FleetHealth(
            total_workers=len(records),
            active_workers=sum(_is_able(worker) for worker in self.workers()),
            total_jobs=sum(tally.jobs_processed for tally in tallies),
            success_rate=good / (good + bad) if good + bad else None,
            average_uptime=_mean([_uptime(record, now) for record in records if not record.is_dead]),
        )

    def forget(self) -> list[str]:
        """Let go of workers that were silent for long and that systemd does not know; their names."""
        now = self._clock()
        gone = [
            name
            for name, record in self._records.items()
            if not self._is_unit_here(record) and now - record.last_sign > FORGOTTEN_AFTER_MS
        ]
        for name in gone:
            del self._records[name]
        return gone

    def restore(self, records: Iterable[WorkerRecord]) -> None:
        """Begin with what an earlier manager knew."""
        self._records = {record.worker_id: record for record in records}

    def take_changes(self) -> list[WorkerRecord]:
        """What is worth remembering and has changed since this was last asked."""
        changed = [self._records[name] for name in sorted(self._changed) if name in self._records]
        self._changed.clear()
        return changed

    def _new(self, name: str, host: str) -> WorkerRecord | None:
        """A worker not known before; None for a name that is not taken."""
        if not names.is_usable(name) or not names.is_usable(host) or len(self._records) >= MOST_WORKERS:
            return None
        return WorkerRecord(
            worker_id=name,
            worker_path=names.unit_of(name),
            service=names.service_of(name),
            host=host,
            since=self._clock(),
        )

    def _is_unit_here(self, record: WorkerRecord) -> bool:
        return record.host == self._host and record.worker_path in self._units

    def _put(self, record: WorkerRecord) -> None:
        before = self._records.get(record.worker_id)
        self._records[record.worker_id] = record
        if before is None or _lasting(before) != _lasting(record):
            self._changed.add(record.worker_id)

    def _present(self) -> list[WorkerRecord]:
        return [record for _, record in sorted(self._records.items()) if not record.stopped]

    def _pool(self, service: str, workers: list[WorkerThread]) -> WorkerPool:
        units = [unit for name, unit in sorted(self._units.items()) if names.service_of(name) == service]
        return WorkerPool(
            service=service,
            spec=spec_of(service, units) if service in SERVICES else None,
            workers=[worker.worker_id for worker in workers],
            max_workers=max(len(units), len(workers)),
            strategy=STRATEGY,
            health_check=_health(sum(map(_is_able, workers)), len(workers)),
        )


def _after(record: WorkerRecord, event: Event, now: int) -> WorkerRecord:
    match event:
        case Heartbeat():
            return after_heartbeat(record, event, now)
        case Metrics():
            return after_metrics(record, event, now)
        case Result() | Error() | Progress():
            return after_step(record, event, now)
        case Alert():
            return record


def _lasting(record: WorkerRecord) -> tuple[object, ...]:
    """What must survive the manager. The rest is old by then, and would be a write to the disk a heartbeat."""
    lives = (record.status, record.thread_id, record.start_time, record.invocation, record.stopped)
    return (*lives, record.crash_count, record.metrics.jobs_processed)


def _health(able: int, of: int) -> str:
    if not of:
        return "empty"
    if not able:
        return "down"
    return "healthy" if able == of else "degraded"


def _is_able(worker: WorkerThread) -> bool:
    return worker.status in ABLE and not worker.silent


def _is_silent(worker: WorkerRecord, now: int) -> bool:
    """Only a worker that has spoken can fall silent."""
    return bool(worker.last_sign) and now - max(worker.last_sign, worker.start_time) > SILENT_AFTER_MS


def _uptime(worker: WorkerRecord, now: int) -> float:
    """Seconds since its process began."""
    return max(now - worker.start_time, 0) / 1000 if worker.start_time else 0.0


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0
