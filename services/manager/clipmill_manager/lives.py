"""The lives of a worker: how one state follows another, and what is kept when a new process begins. Pure."""

from __future__ import annotations

import msgspec

from clipmill.events import WorkerMetrics
from clipmill.worker_status import WorkerStatus
from clipmill_manager.entities import Tally, WorkerRecord


def became(worker: WorkerRecord, status: WorkerStatus, now: int) -> WorkerRecord:
    """The worker in another state, `since` now; the same worker when it is in that state.

    Signs of life are posted without confirmation, so one may be missing: what is observed holds, also where the
    transition table has a state in between. From the dead the table is the law: late words of theirs change nothing.
    """
    if status is worker.status or (worker.is_dead and not worker.status.may_become(status)):
        return worker
    return msgspec.structs.replace(worker, status=status, since=now)


def new_life(worker: WorkerRecord, *, pid: int, start_time: int, now: int) -> WorkerRecord:
    """The worker with a process that has just begun: its counts begin anew and the earlier ones are added up."""
    return msgspec.structs.replace(
        worker,
        thread_id=pid,
        status=WorkerStatus.STARTING,
        since=now,
        start_time=start_time,
        last_activity=max(worker.last_activity, start_time),
        step_id=None,
        percent=None,
        note="",
        cpu_share=None,
        metrics=WorkerMetrics(),
        earlier=tally_of(worker),
        stopped=False,
        silent=False,
    )


def tally_of(worker: WorkerRecord) -> Tally:
    """What the worker has done through all of its processes."""
    earlier, metrics = worker.earlier, worker.metrics
    return Tally(
        jobs_processed=earlier.jobs_processed + metrics.jobs_processed,
        jobs_successful=earlier.jobs_successful + metrics.jobs_successful,
        jobs_failed=earlier.jobs_failed + metrics.jobs_failed,
    )
