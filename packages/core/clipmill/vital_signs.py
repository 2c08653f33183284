"""A worker's signs of life on the results exchange: heartbeats, metrics, progress; and what they count."""

from __future__ import annotations

import itertools
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from clipmill import events, memory, messages, topology
from clipmill.child_wire import Report
from clipmill.events import Heartbeat, HeartbeatPayload, MemoryUsage, Metrics, Progress, ProgressPayload, WorkerMetrics
from clipmill.messages import Step
from clipmill.outcome import Done, Outcome
from clipmill.pulse import pulse
from clipmill.session import Publication, Session
from clipmill.worker_status import StatusMachine, WorkerStatus

HEARTBEAT_SECONDS = 15
HEARTBEATS_PER_METRICS = 4
"""Metrics go out each minute, as the reference has it."""


@dataclass
class Tally:
    """What a worker has done since it started."""

    processed: int = 0
    successful: int = 0
    failed: int = 0
    busy_ms: float = 0.0

    def count(self, outcome: Outcome, seconds: float) -> None:
        """One more attempt."""
        self.processed += 1
        self.successful += isinstance(outcome, Done)
        self.failed += not isinstance(outcome, Done)
        self.busy_ms += seconds * 1000

    def count_events(self, number: int, seconds: float) -> None:
        """A batch of events that an event consumer has taken."""
        self.processed += number
        self.successful += number
        self.busy_ms += seconds * 1000


@dataclass
class VitalSigns:
    """What can be told of this worker at any moment."""

    worker: str
    service: str
    host: str
    child_pid: Callable[[], int | None]
    status: StatusMachine = field(default_factory=lambda: StatusMachine(WorkerStatus.STARTING))
    tally: Tally = field(default_factory=Tally)
    step: Step | None = None
    note: str = ""
    started: int = field(default_factory=messages.now)
    last_activity: int = field(default_factory=messages.now)

    def heartbeat(self) -> Publication:
        """How the worker is."""
        payload = HeartbeatPayload(
            status=self.status.status,
            host=self.host,
            pid=os.getpid(),
            queue_name=topology.work_queue(self.service),
            start_time=self.started,
            last_activity=self.last_activity,
            step_id=self.step.id if self.step else None,
            note=self.note,
        )
        return self._publication(Heartbeat(worker_id=self.worker, timestamp=messages.now(), payload=payload))

    def metrics(self) -> Publication:
        """What the worker has done."""
        tally, child = self.tally, self.child_pid()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        counted = WorkerMetrics(
            jobs_processed=tally.processed,
            jobs_successful=tally.successful,
            jobs_failed=tally.failed,
            average_processing_time=tally.busy_ms / tally.processed if tally.processed else 0.0,
            memory_usage=MemoryUsage(rss=memory.rss(os.getpid()), child_rss=memory.rss(child) if child else 0),
            uptime=(messages.now() - self.started) / 1000,
            last_activity=self.last_activity,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
        )
        return self._publication(Metrics(worker_id=self.worker, timestamp=messages.now(), metrics=counted))

    def progress(self, step: Step, report: Report) -> Publication:
        """How far the step is."""
        name = f"{step.id}/progress/{messages.now()}"
        event = Progress(
            **events.told_of(step, event_id=name, queue=step.queue, worker=self.worker),
            payload=ProgressPayload(percent=report.percent, note=report.note),
        )
        return self._publication(event)

    async def beat(self, session: Session) -> None:
        """Heartbeats and metrics, until cancelled or the session ends."""
        for beats in itertools.count():
            session.post(self.heartbeat())
            if beats % HEARTBEATS_PER_METRICS == 0:
                session.post(self.metrics())
            await pulse(HEARTBEAT_SECONDS)

    def become(self, status: WorkerStatus, note: str) -> None:
        """Change over to `status`; `note` says more, for people."""
        self.status.become(status)
        self.note = note

    def _publication(self, event: events.Event) -> Publication:
        kind = event.__struct_config__.tag
        return Publication(
            exchange=topology.RESULTS, routing_key=f"{kind}.{self.service}", body=events.write_event(event)
        )


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """So far."""
        return time.monotonic() - self._start
