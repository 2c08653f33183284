"""What the command reads of the manager's answers: the fields that it shows, and no others."""

from __future__ import annotations

import msgspec

from clipmill.job_tree import Failure
from clipmill.messages import Artifact


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Fields that are not named are ignored: a newer manager tells more."""


class Tally(_Answer, frozen=True, kw_only=True, rename="camel"):
    """What the process of a worker did so far."""

    jobs_processed: int = 0
    jobs_failed: int = 0


class Worker(_Answer, frozen=True, kw_only=True, rename="camel"):
    """One worker. Times are milliseconds since the epoch."""

    worker_id: str
    status: str
    since: int = 0
    crash_count: int = 0
    step_id: str | None = None
    percent: float | None = None
    note: str = ""
    memory_bytes: int | None = None
    metrics: Tally = Tally()
    silent: bool = False


class Workers(_Answer, frozen=True, kw_only=True, rename="camel"):
    """GET /api/workers"""

    workers: list[Worker]


class Pool(_Answer, frozen=True, kw_only=True, rename="camel"):
    """The workers of one service."""

    service: str
    workers: list[str]
    health_check: str


class Health(_Answer, frozen=True, kw_only=True, rename="camel"):
    """The fleet as a whole."""

    total_workers: int
    active_workers: int
    total_jobs: int
    success_rate: float | None = None


class Queue(_Answer, frozen=True, kw_only=True, rename="camel"):
    """A queue and what waits in it."""

    name: str
    kind: str
    depth: int


class Broker(_Answer, frozen=True, kw_only=True, rename="camel"):
    """The broker as the manager last saw it."""

    name: str
    connected: bool
    version: str | None = None
    seen_at: int | None = None
    queues: list[Queue] = []


class Fleet(_Answer, frozen=True, kw_only=True, rename="camel"):
    """GET /api/fleet"""

    host: str
    systemd: bool
    health: Health
    pools: list[Pool]
    workers: list[Worker]
    jobs: dict[str, int]
    broker: Broker


class JobLine(_Answer, frozen=True, kw_only=True, rename="camel"):
    """A job in one line."""

    job_id: str
    state: str
    sender: str | None = msgspec.field(name="from", default=None)
    link: str | None = None
    file_path: str | None = None
    reason: str | None = None
    first_seen: int
    updated_at: int
    ended_at: int | None = None
    steps: int
    open_steps: int
    files: int
    bytes: int


class Jobs(_Answer, frozen=True, kw_only=True, rename="camel"):
    """GET /api/jobs"""

    jobs: list[JobLine]
    next: str | None = None
    """Where the next page begins."""


class QueueLine(_Answer, frozen=True, kw_only=True, rename="camel"):
    """A queue, with who can take from it and how long that will last."""

    name: str
    kind: str
    depth: int
    workers: int | None = None
    seconds_to_empty: float | None = None


class Queues(_Answer, frozen=True, kw_only=True, rename="camel"):
    """GET /api/queues"""

    queues: list[QueueLine]


class Alert(_Answer, frozen=True, kw_only=True, rename="camel"):
    """Something that is wrong."""

    rule: str
    subject: str
    severity: str
    state: str
    text: str
    since: int
    silenced: bool = False


class Silence(_Answer, frozen=True, kw_only=True, rename="camel"):
    """What nobody is told of, until when."""

    rule: str
    subject: str | None = None
    until: int
    who: str


class Rule(_Answer, frozen=True, kw_only=True, rename="camel"):
    """When something is wrong."""

    name: str
    severity: str
    above: float
    hold: int = 0


class RuleView(_Answer, frozen=True, kw_only=True, rename="camel"):
    """A rule, and what it measures."""

    rule: Rule
    unit: str


class Alerts(_Answer, frozen=True, kw_only=True, rename="camel"):
    """GET /api/alerts"""

    alerts: list[Alert]
    silences: list[Silence]
    rules: list[RuleView]
    unsent: int = 0


class Deed(_Answer, frozen=True, kw_only=True, rename="camel"):
    """Something that was done to the fleet."""

    at: int
    who: str
    action: str
    target: str
    detail: str = ""


class Audit(_Answer, frozen=True, kw_only=True, rename="camel"):
    """GET /api/audit"""

    audit: list[Deed]


class Step(_Answer, frozen=True, kw_only=True, rename="camel"):
    """A step, and below it what follows from it."""

    step_id: str
    state: str
    attempt: int
    worker_id: str | None = None
    working_ms: int | None = None
    percent: float | None = None
    note: str = ""
    reason: str | None = None
    files: list[Artifact] = []
    steps: list[Step] = []


class Job(_Answer, frozen=True, kw_only=True, rename="camel"):
    """GET /api/jobs/JOB"""

    job: JobLine
    percent: float
    failures: list[Failure] = []
    tree: list[Step]
