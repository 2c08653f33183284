"""The wire, second half: the six kinds of event on the results exchange, as JSON with the reference's keys."""

from __future__ import annotations

from typing import Any

import msgspec

from clipmill.messages import Artifact, MalformedMessage, Step, now


class ResultPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a step made, and which steps follow it."""

    results: list[str]
    """Keys of the artifacts, in order (the reference's name)."""
    sender: str | None = msgspec.field(name="from")
    noreply: bool
    link: str | None = None
    file_path: str | None = None
    reply_to: str | None = None
    artifacts: list[Artifact] = []
    spawned: list[str] = []
    """stepIds that follow; the job is over when its tree has no open step."""


class ErrorPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why a step was given up."""

    error: str
    cause: str = "unexpected"
    cancelled: bool = False
    sender: str | None = msgspec.field(name="from")
    noreply: bool
    link: str | None = None
    file_path: str | None = None
    reply_to: str | None = None


class ProgressPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How far a step is."""

    percent: float
    note: str = ""


class HeartbeatPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A worker's sign of life (the reference's WorkerThread, as far as a living worker can know it)."""

    status: str
    host: str
    pid: int
    queue_name: str
    start_time: int
    last_activity: int
    step_id: str | None = None
    note: str = ""


class MemoryUsage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Bytes: the worker's own, and its child's."""

    rss: int
    child_rss: int = 0


class WorkerMetrics(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The reference's workerMetrics: counts since the worker's start, times in milliseconds, uptime in seconds."""

    jobs_processed: int = 0
    jobs_successful: int = 0
    jobs_failed: int = 0
    average_processing_time: float = 0.0
    memory_usage: MemoryUsage = MemoryUsage(rss=0)
    uptime: float = 0.0
    last_activity: int = 0
    cpu_seconds: float = 0.0


class _StepEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="type"):
    id: str
    """Stable: the same fact always has the same id, however often it is published."""
    queue_name: str
    worker_id: str
    timestamp: int
    job_id: str
    step_id: str
    parent_id: str | None = None
    attempt: int = 1


class Result(_StepEvent, frozen=True, kw_only=True, rename="camel", tag="result"):
    """A step is done."""

    payload: ResultPayload


class Error(_StepEvent, frozen=True, kw_only=True, rename="camel", tag="error"):
    """A step is given up; `queueName` is the dead-letter queue where that was decided."""

    payload: ErrorPayload


class Progress(_StepEvent, frozen=True, kw_only=True, rename="camel", tag="progress"):
    """A step is under way."""

    payload: ProgressPayload


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="heartbeat"):
    """A worker lives."""

    worker_id: str
    timestamp: int
    payload: HeartbeatPayload


class Metrics(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="metrics"):
    """What a worker has done so far."""

    worker_id: str
    timestamp: int
    metrics: WorkerMetrics


class AlertPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is wrong, or is well again."""

    rule: str
    """Which of the manager's rules."""
    subject: str
    """About whom or what: a worker, a queue, a site, or `fleet`."""
    severity: str
    """`high`, `medium` or `low`."""
    news: str
    """`firing`, `reminder` or `recovered`."""
    value: float
    firing_since: int
    text: str
    """In plain English."""


class Alert(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="alert"):
    """The manager has found something wrong, or well again: for the notifier's channels."""

    id: str
    """Stable: the same news always has the same id, however often it is published."""
    worker_id: str
    """The manager's."""
    timestamp: int
    payload: AlertPayload


def told_of(step: Step, *, event_id: str, queue: str, worker: str) -> dict[str, Any]:
    """The fields that every event of a step has, now."""
    return {
        "id": event_id,
        "queue_name": queue,
        "worker_id": worker,
        "timestamp": now(),
        "job_id": step.job_id,
        "step_id": step.id,
        "parent_id": step.parent_id,
        "attempt": step.attempt,
    }


StepEvent = Result | Error | Progress
Event = Result | Error | Progress | Heartbeat | Metrics | Alert

_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def read_event(body: bytes) -> Event:
    """The event in `body`. Raises MalformedMessage."""
    try:
        return _events.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(f"no event of ours: {error}") from None


def write_event(event: Event) -> bytes:
    """The event as it travels."""
    return msgspec.json.encode(event)
