"""When a worker is to be started afresh (the reference's shouldRestartWorker), and when it is forgiven. Pure."""

from __future__ import annotations

import enum

import msgspec

from clipmill_manager.entities import WorkerThread
from clipmill_manager.unit_state import UnitState

MAX_MEMORY_USAGE = 0.8
"""Of the unit's limit (the reference's alert on memory has the same threshold)."""
MAX_CPU_USAGE = 0.9
"""Of one core, by the worker's own process, whose loop moves messages and idles nearly always; ffmpeg is no part."""
HEALTHY_MS = 600_000
"""After ten healthy minutes the crashes before are forgiven."""


class Trouble(enum.StrEnum):
    """What speaks for a fresh start."""

    MEMORY = "memory"
    CPU = "cpu"
    NO_SIGN_OF_LIFE = "no-sign-of-life"

    @property
    def is_the_managers(self) -> bool:
        """Whether the manager acts on it. Over memory the worker decides by itself, between two steps, and CPU is told.

        Only what is dead without having ended has nobody else.
        """
        return self is Trouble.NO_SIGN_OF_LIFE


class Verdict(msgspec.Struct, frozen=True):
    """Why a worker should be started afresh."""

    trouble: Trouble
    text: str


def should_restart(worker: WorkerThread) -> Verdict | None:
    """The reference's shouldRestartWorker: memory, CPU, no sign of life; None for a worker that is well."""
    if worker.silent:
        return Verdict(Trouble.NO_SIGN_OF_LIFE, "no sign of life for more than three minutes")
    share = memory_share(worker)
    if share is not None and share > MAX_MEMORY_USAGE:
        return Verdict(Trouble.MEMORY, f"memory at {share:.0%} of its limit")
    if worker.cpu_share is not None and worker.cpu_share > MAX_CPU_USAGE:
        return Verdict(Trouble.CPU, f"its own process takes {worker.cpu_share:.0%} of a core")
    return None


def memory_share(worker: WorkerThread) -> float | None:
    """How much of its unit's limit a worker and its child have taken for themselves; None where that is unknown.

    The unit's own sum would not do: it holds the kernel's copies of files, which a download fills to the limit.
    """
    usage = worker.metrics.memory_usage
    return (usage.rss + usage.child_rss) / worker.memory_limit if usage.rss and worker.memory_limit else None


def should_forgive(worker: WorkerThread, unit: UnitState, now: int) -> bool:
    """Whether systemd's count of restarts, from which it reckons the next delay, is to begin anew."""
    lived = now - max(worker.start_time, unit.started_at)
    return unit.restarts > 0 and unit.active == "active" and not worker.silent and lived >= HEALTHY_MS
