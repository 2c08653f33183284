"""The reference's WorkerSpec of each service: its unit, queue and handler, and the means its unit gives it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from clipmill import topology
from clipmill_manager.entities import WorkerSpec
from clipmill_manager.unit_state import UnitState


def spec_of(service: str, units: Sequence[UnitState]) -> WorkerSpec:
    """The specification of the service's workers; `units` are its instances on this host."""
    first = units[0] if units else None
    return WorkerSpec(
        path=f"{service}@.service",
        queue=topology.work_queue(service),
        instances=len(units),
        processor=f"clipmill_{service}.handler",
        memory=first.memory_limit if first else None,
        cpu=first.cpu_quota if first else None,
        restart_policy=first.restart_policy if first else None,
    )
