"""What rules are made on: each measure reads a snapshot of the fleet, and gives a value for each subject. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from clipmill import topology
from clipmill.pipeline import SERVICES
from clipmill_manager.broker_view import BrokerView
from clipmill_manager.care import memory_share
from clipmill_manager.entities import WorkerThread
from clipmill_manager.step_end import StepEnd

_RATE_MS = 600_000
"""Over the last ten minutes it is reckoned how long a queue will take."""
_MOST_SITES = 50
FLEET = "fleet"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What is known at one moment. Times are milliseconds since the epoch."""

    now: int
    workers: list[WorkerThread] = field(default_factory=list)
    able: frozenset[str] = frozenset()
    """The services that have a worker which can work."""
    broker: BrokerView
    ends: list[StepEnd] = field(default_factory=list)
    """Of the last hour."""
    crashes: int = 0
    """In the last hour."""
    parked_growth: int = 0
    """In the last hour."""
    oldest_job: float | None = None
    """Seconds."""
    last_end: int | None = None
    since: int = 0
    """When the manager began: what was before is not known."""
    disk_used: float | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A measure's value for a subject, and on how many it is counted."""

    subject: str
    value: float
    sample: int = 1


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How something is measured, and how that is told: `{value}` stands for the number."""

    read: Callable[[Snapshot], Iterator[Reading]]
    unit: str
    text: str


def queue_delay(now: int, queue: str, depth: int, ends: list[StepEnd]) -> float | None:
    """Seconds until a queue is empty, at the pace of the last ten minutes; None when nothing has moved."""
    service = queue.removesuffix("_queue")
    done = sum(end.service == service and end.at >= now - _RATE_MS for end in ends)
    return depth * _RATE_MS / 1000 / done if done else (0.0 if not depth else None)


def _crash_share(seen: Snapshot) -> Iterator[Reading]:
    runs = len(seen.ends) + seen.crashes
    if runs:
        yield Reading(subject=FLEET, value=seen.crashes / runs, sample=runs)


def _memory(seen: Snapshot) -> Iterator[Reading]:
    for worker in seen.workers:
        share = memory_share(worker)
        if share is not None:
            yield Reading(subject=worker.worker_id, value=share)


def _cpu(seen: Snapshot) -> Iterator[Reading]:
    for worker in seen.workers:
        if worker.cpu_share is not None:
            yield Reading(subject=worker.worker_id, value=worker.cpu_share)


def _silent(seen: Snapshot) -> Iterator[Reading]:
    for worker in seen.workers:
        yield Reading(subject=worker.worker_id, value=float(worker.silent))


def _queue_delay(seen: Snapshot) -> Iterator[Reading]:
    for queue, depth in _work_queues(seen):
        delay = queue_delay(seen.now, queue, depth, seen.ends)
        if delay is None:
            # nothing moves: it waits since the last step ended, at least
            delay = (seen.now - max(seen.last_end or 0, seen.since)) / 1000
        yield Reading(subject=queue, value=delay)


def _unserved(seen: Snapshot) -> Iterator[Reading]:
    for queue, depth in _work_queues(seen):
        served = queue.removesuffix("_queue") in seen.able
        yield Reading(subject=queue, value=0.0 if served else float(depth))


def _oldest_job(seen: Snapshot) -> Iterator[Reading]:
    yield Reading(subject=FLEET, value=seen.oldest_job or 0.0)


def _parked(seen: Snapshot) -> Iterator[Reading]:
    yield Reading(subject=FLEET, value=float(seen.parked_growth))


def _disk(seen: Snapshot) -> Iterator[Reading]:
    if seen.disk_used is not None:
        yield Reading(subject="store", value=seen.disk_used)


def _broker(seen: Snapshot) -> Iterator[Reading]:
    gone = 0.0 if seen.broker.connected else (seen.now - (seen.broker.since or seen.since)) / 1000
    yield Reading(subject=seen.broker.name, value=gone)


def _sites(seen: Snapshot) -> Iterator[Reading]:
    ends = [end for end in seen.ends if end.service == "download" and end.site and end.outcome != "cancelled"]
    failed = Counter(end.site for end in ends if end.outcome == "failed")
    for site, all_of_it in Counter(end.site for end in ends).most_common(_MOST_SITES):
        yield Reading(subject=str(site), value=failed[site] / all_of_it, sample=all_of_it)


def _idle_with_work(seen: Snapshot) -> Iterator[Reading]:
    # an open job alone says nothing: it may be on a rung of the retry ladder for an hour, as it should
    waits = any(depth for _, depth in _work_queues(seen))
    idle = (seen.now - max(seen.last_end or 0, seen.since)) / 1000
    yield Reading(subject=FLEET, value=idle if waits else 0.0)


def _work_queues(seen: Snapshot) -> Iterator[tuple[str, int]]:
    names = {topology.work_queue(service) for service in SERVICES}
    return ((queue.name, queue.depth) for queue in seen.broker.queues if queue.name in names)


MEASURES: dict[str, Measure] = {
    "crash-share": Measure(
        read=_crash_share,
        unit="share of attempts that ended with a crash of the worker, in the last hour",
        text="{value:.0%} of the attempts ended with a crash of the worker",
    ),
    "memory-share": Measure(
        read=_memory, unit="share of the unit's limit, per worker", text="memory at {value:.0%} of the limit"
    ),
    "cpu-share": Measure(
        read=_cpu,
        unit="share of one core, by the worker's own process, per worker",
        text="its own process takes {value:.0%} of a core",
    ),
    "silent-workers": Measure(
        read=_silent, unit="1 for a worker that gives no sign of life", text="no sign of life for three minutes"
    ),
    "queue-delay": Measure(
        read=_queue_delay,
        unit="seconds until a queue is empty, at the pace of the last ten minutes, per queue",
        text="what comes now will wait {value:.0f} s",
    ),
    "unserved-messages": Measure(
        read=_unserved,
        unit="messages in a work queue whose service has no worker that can work, per queue",
        text="{value:.0f} messages wait and no worker can take them",
    ),
    "oldest-job-age": Measure(
        read=_oldest_job,
        unit="seconds since anything ended in the open job of which that is longest ago",
        text="nothing has ended in an open job for {value:.0f} s",
    ),
    "parked-growth": Measure(
        read=_parked,
        unit="messages that were given up and parked, in the last hour",
        text="{value:.0f} messages were given up in the last hour",
    ),
    "disk-share": Measure(
        read=_disk, unit="share of the store's file system that is taken", text="the disk is {value:.0%} full"
    ),
    "broker-absence": Measure(
        read=_broker, unit="seconds without a session with the broker", text="no session for {value:.0f} s"
    ),
    "site-failure-share": Measure(
        read=_sites,
        unit="share of downloads that failed in the last hour, per site",
        text="{value:.0%} of the downloads failed",
    ),
    "idle-with-work": Measure(
        read=_idle_with_work,
        unit="seconds in which no step has ended though steps lie in a work queue",
        text="nothing has ended for {value:.0f} s though something waits",
    ),
}
"""Every measure by its name."""
