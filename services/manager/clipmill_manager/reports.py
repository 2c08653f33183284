"""What a worker says of itself (heartbeat, metrics, events of its steps) and what that changes. Pure.

Everything here came over a network: times of the future and absurd numbers are bent into what can be true.
"""

from __future__ import annotations

import math

import msgspec

from clipmill.events import Error, Heartbeat, HeartbeatPayload, MemoryUsage, Metrics, Progress, Result, WorkerMetrics
from clipmill.worker_status import WorkerStatus
from clipmill_manager.entities import WorkerRecord
from clipmill_manager.lives import became, new_life

_MOST = 2**53 - 1  # the largest integer that JSON's readers agree on
_NOTE = 300
_OF_THE_DEAD = (WorkerStatus.CRASHED, WorkerStatus.RESTARTING)


def after_heartbeat(worker: WorkerRecord, event: Heartbeat, now: int) -> WorkerRecord:
    """The worker after its own account of how it is."""
    said, at = event.payload, moment(event.timestamp, now)
    if _is_late(worker, said, at):
        return worker
    if _is_new(worker, said):
        worker = new_life(worker, pid=count(said.pid), start_time=moment(said.start_time, now), now=at)
    return _as_it_says(_status(worker, said.status, at), said, at, now)


def after_metrics(worker: WorkerRecord, event: Metrics, now: int) -> WorkerRecord:
    """The worker after its own account of what it has done."""
    metrics = sane(event.metrics, now)
    return msgspec.structs.replace(
        worker,
        metrics=metrics,
        cpu_share=_cpu_share(worker.metrics, metrics),
        last_activity=max(worker.last_activity, metrics.last_activity),
        last_sign=max(worker.last_sign, moment(event.timestamp, now)),
    )


def after_step(worker: WorkerRecord, event: Result | Error | Progress, now: int) -> WorkerRecord:
    """The worker after an event of a step: heartbeats are 15 s apart, and most of what happens, happens in between."""
    at = moment(event.timestamp, now)
    worker = msgspec.structs.replace(
        worker, last_activity=max(worker.last_activity, at), last_sign=max(worker.last_sign, at)
    )
    if worker.is_dead or at < max(worker.told_at, worker.start_time):
        return worker  # of an earlier process, or overtaken by a later word
    if isinstance(event, Progress):
        return _at_work(worker, event, at)
    return _settled(worker, at) if worker.step_id == event.step_id else worker


def moment(timestamp: int, now: int) -> int:
    """A time that can be true: neither before the epoch nor in the future."""
    return min(max(timestamp, 0), now)


def count(number: int) -> int:
    """A count that can be true."""
    return min(max(number, 0), _MOST)


def percent(number: float) -> float:
    """0 to 100."""
    return 0.0 if math.isnan(number) else min(max(number, 0.0), 100.0)


def sane(metrics: WorkerMetrics, now: int) -> WorkerMetrics:
    """The metrics with every number in a range that sums, databases and readers of JSON can take."""
    usage = metrics.memory_usage
    return WorkerMetrics(
        jobs_processed=count(metrics.jobs_processed),
        jobs_successful=count(metrics.jobs_successful),
        jobs_failed=count(metrics.jobs_failed),
        average_processing_time=_amount(metrics.average_processing_time),
        memory_usage=MemoryUsage(rss=count(usage.rss), child_rss=count(usage.child_rss)),
        uptime=_amount(metrics.uptime),
        last_activity=moment(metrics.last_activity, now),
        cpu_seconds=_amount(metrics.cpu_seconds),
    )


def _cpu_share(before: WorkerMetrics, after: WorkerMetrics) -> float | None:
    """Of one core, between two accounts of one process; the first has none before it."""
    seconds = after.uptime - before.uptime
    return (after.cpu_seconds - before.cpu_seconds) / seconds if before.uptime and seconds >= 1 else None


def _at_work(worker: WorkerRecord, event: Progress, at: int) -> WorkerRecord:
    return msgspec.structs.replace(
        became(worker, WorkerStatus.PROCESSING, at),
        step_id=event.step_id,
        percent=percent(event.payload.percent),
        note=event.payload.note[:_NOTE],
        told_at=at,
    )


def _settled(worker: WorkerRecord, at: int) -> WorkerRecord:
    return msgspec.structs.replace(
        became(worker, WorkerStatus.IDLE, at), step_id=None, percent=None, note="", told_at=at
    )


def _is_late(worker: WorkerRecord, said: HeartbeatPayload, at: int) -> bool:
    """A word that later ones have overtaken, or one of a process that is dead or replaced by now."""
    same = count(said.pid) == worker.thread_id
    return at < worker.told_at or (same and worker.is_dead) or (not same and at < worker.start_time)


def _is_new(worker: WorkerRecord, said: HeartbeatPayload) -> bool:
    replaced = 0 < worker.told_start < count(said.start_time)
    return count(said.pid) != worker.thread_id or replaced or not worker.start_time


def _status(worker: WorkerRecord, name: str, at: int) -> WorkerRecord:
    """A word that is no state, or one that only the dead are in, is a sign of life and nothing else."""
    try:
        status = WorkerStatus(name)
    except ValueError:
        return worker
    return worker if status in _OF_THE_DEAD else became(worker, status, at)


def _as_it_says(worker: WorkerRecord, said: HeartbeatPayload, at: int, now: int) -> WorkerRecord:
    step_id = said.step_id if worker.status is WorkerStatus.PROCESSING else None
    return msgspec.structs.replace(
        worker,
        last_sign=max(worker.last_sign, at),
        told_at=at,
        told_start=count(said.start_time),
        last_activity=max(worker.last_activity, moment(said.last_activity, now)),
        step_id=step_id,
        percent=worker.percent if step_id == worker.step_id else None,
        note=said.note[:_NOTE] or ("" if step_id != worker.step_id else worker.note),
        stopped=False,
    )


def _amount(number: float) -> float:
    return 0.0 if math.isnan(number) else min(max(number, 0.0), float(_MOST))
