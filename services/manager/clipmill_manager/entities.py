"""The reference's entities as the manager answers with them: WorkerThread, WorkerPool, and the health of the whole."""

from __future__ import annotations

import msgspec

from clipmill.events import WorkerMetrics
from clipmill.worker_status import WorkerStatus


class Tally(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the earlier processes of a worker did: a process counts from its own start."""

    jobs_processed: int = 0
    jobs_successful: int = 0
    jobs_failed: int = 0


class WorkerThread(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One worker: a unit instance on a host, through all of its processes. Times are milliseconds since the epoch."""

    worker_id: str
    worker_path: str
    """The systemd unit."""
    service: str
    host: str
    thread_id: int = 0
    """The pid of its process, or of the last one."""
    status: WorkerStatus = WorkerStatus.STARTING
    since: int = 0
    start_time: int = 0
    last_activity: int = 0
    last_sign: int = 0
    """The time of its newest message of any kind."""
    crash_count: int = 0
    step_id: str | None = None
    percent: float | None = None
    note: str = ""
    """What it does or waits for, in its own words."""
    memory_bytes: int | None = None
    """The whole unit's, its child included; None where no systemd tells."""
    memory_limit: int | None = None
    """The unit's MemoryMax=; None for no limit, or where no systemd tells."""
    cpu_seconds: float | None = None
    """The whole unit's."""
    cpu_share: float | None = None
    """Of one core, over the last minute, by the worker's own process."""
    metrics: WorkerMetrics = WorkerMetrics()
    """Since the start of its process."""
    silent: bool = False
    """No message for longer than a healthy worker is silent."""


class WorkerRecord(WorkerThread, frozen=True, kw_only=True, rename="camel"):
    """A worker with what the register needs besides, to tell the lives of its processes apart."""

    earlier: Tally = Tally()
    stopped: bool = False
    """Ended on purpose: remembered for its counts, and shown no more."""
    status_text: str = ""
    """What its unit last said over systemd: a word that changes is a sign of life, with or without a broker."""
    invocation: str = ""
    """systemd's name for the unit's present life."""
    crashed_invocation: str | None = None
    """The invocation whose crash is counted: each life crashes once at most."""
    told_at: int = 0
    """The time of its newest word on how it is: an older one that arrives late changes nothing."""
    told_start: int = 0
    """The start that it told of: a later one under the same pid is a process that replaced itself (execv)."""

    @property
    def is_dead(self) -> bool:
        """Whether its process is gone and another is awaited: nothing that the old one said can be true any more."""
        return self.status in (WorkerStatus.CRASHED, WorkerStatus.RESTARTING)

    def shown(self, *, silent: bool) -> WorkerThread:
        """The worker without what only the register needs."""
        worker = msgspec.convert(self, WorkerThread, from_attributes=True)
        return msgspec.structs.replace(worker, silent=silent)


class WorkerSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a worker of a service is made for, and with which means: as its unit has it on this host."""

    path: str
    """The systemd unit, a template."""
    queue: str
    instances: int
    processor: str
    """Where its handler is."""
    memory: int | None = None
    """MemoryMax= in bytes; None for no limit, or where no systemd tells."""
    cpu: float | None = None
    """CPUQuota= in cores."""
    restart_policy: str | None = None
    """Restart="""


class WorkerPool(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The workers of one service."""

    service: str
    spec: WorkerSpec | None
    """None for a service that is no part of the pipeline."""
    workers: list[str]
    max_workers: int
    strategy: str
    health_check: str
    """`healthy`: all can work; `degraded`: some can; `down`: none can; `empty`: there is none."""


class FleetHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The reference's getOverallHealth. A job in `totalJobs` is what a worker counts as one: a step."""

    total_workers: int
    active_workers: int
    total_jobs: int
    success_rate: float | None
    """0 to 1; None before anything was done."""
    average_uptime: float
    """Seconds, over the workers whose process lives."""
