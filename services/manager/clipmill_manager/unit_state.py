"""What systemd says of a unit, and what that means for the worker in it. Pure."""

from __future__ import annotations

import msgspec

from clipmill.worker_status import WorkerStatus
from clipmill_manager.entities import WorkerRecord
from clipmill_manager.lives import became, new_life


class UnitState(msgspec.Struct, frozen=True, kw_only=True):
    """A unit at one moment, in systemd's words."""

    name: str
    active: str
    """ActiveState: active, activating, deactivating, inactive, failed, reloading …"""
    sub: str = ""
    """SubState: running, auto-restart, stop-sigterm, dead …"""
    result: str = "success"
    """How the last process ended: success, exit-code, signal, oom-kill, watchdog, timeout …"""
    pid: int = 0
    restarts: int = 0
    exit_status: int = 0
    invocation: str = ""
    started_at: int = 0
    """Milliseconds since the epoch."""
    status_text: str = ""
    memory_bytes: int | None = None
    memory_limit: int | None = None
    cpu_seconds: float | None = None
    cpu_quota: float | None = None
    """Cores."""
    restart_policy: str | None = None

    @property
    def has_crashed(self) -> bool:
        """Whether its process ended as it should not have; the result stays until the next start."""
        return self.result != "success" and self.active in ("activating", "deactivating", "failed", "inactive")

    @property
    def waits_for_restart(self) -> bool:
        """Whether systemd is about to start it again."""
        return self.active == "activating" and "auto-restart" in self.sub

    @property
    def is_over(self) -> bool:
        """Whether it was stopped and stays so."""
        return self.active == "inactive" and not self.has_crashed


def after_unit(worker: WorkerRecord, unit: UnitState, now: int) -> WorkerRecord:
    """The worker, now that its unit is in this state."""
    worker = _as_far_as_it_lives(worker, unit, now)
    if unit.has_crashed:
        worker = _crash(worker, unit, now)
    if unit.waits_for_restart:
        worker = became(worker, WorkerStatus.RESTARTING, now)
    return msgspec.structs.replace(
        worker,
        stopped=unit.is_over,
        memory_bytes=unit.memory_bytes,
        memory_limit=unit.memory_limit,
        cpu_seconds=unit.cpu_seconds,
        note=unit.status_text or worker.note,
        status_text=unit.status_text,
        last_sign=now if worker.last_sign and unit.status_text != worker.status_text else worker.last_sign,
    )


def _as_far_as_it_lives(worker: WorkerRecord, unit: UnitState, now: int) -> WorkerRecord:
    """A unit that is up under another invocation than before holds a new process; READY=1 makes it `running`."""
    if unit.waits_for_restart or unit.active not in ("active", "activating", "reloading"):
        return worker
    if _is_new(worker, unit):
        worker = new_life(worker, pid=unit.pid, start_time=unit.started_at or now, now=now)
    worker = msgspec.structs.replace(worker, invocation=unit.invocation, thread_id=unit.pid or worker.thread_id)
    if unit.active == "active" and worker.status is WorkerStatus.STARTING:
        worker = became(worker, WorkerStatus.RUNNING, now)
    return worker


def _is_new(worker: WorkerRecord, unit: UnitState) -> bool:
    """Another invocation with another pid; when the worker's heartbeat was quicker than systemd, the pid is known."""
    return unit.invocation != worker.invocation and unit.pid != worker.thread_id


def _crash(worker: WorkerRecord, unit: UnitState, now: int) -> WorkerRecord:
    """Count the crash of this invocation, once, however often systemd speaks of it.

    NRestarts would not do: `reset-failed`, with which a healthy unit is forgiven, sets it to zero.
    """
    if worker.crashed_invocation == unit.invocation:
        return worker
    return msgspec.structs.replace(
        became(worker, WorkerStatus.CRASHED, now),
        step_id=None,
        percent=None,
        crash_count=worker.crash_count + 1,
        crashed_invocation=unit.invocation,
        invocation=unit.invocation,
    )
