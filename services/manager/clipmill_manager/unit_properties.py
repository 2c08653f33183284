"""A unit's D-Bus properties, read as its state. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clipmill_manager.unit_state import UnitState

_UNKNOWN = 2**64 - 1  # how systemd says that a counter is not kept


def state_of(name: str, properties: Mapping[str, Any]) -> UnitState:
    """The state of the unit of that name; what is missing has the value of a unit that never ran."""
    return UnitState(
        name=name,
        active=properties.get("ActiveState", "inactive"),
        sub=properties.get("SubState", ""),
        result=properties.get("Result", "success"),
        pid=properties.get("MainPID", 0),
        restarts=properties.get("NRestarts", 0),
        exit_status=properties.get("ExecMainStatus", 0),
        invocation=bytes(properties.get("InvocationID", b"")).hex(),
        started_at=properties.get("ExecMainStartTimestamp", 0) // 1000,
        status_text=properties.get("StatusText", ""),
        memory_bytes=_known(properties.get("MemoryCurrent")),
        memory_limit=_known(properties.get("MemoryMax")),
        cpu_quota=_share(_known(properties.get("CPUQuotaPerSecUSec"))),
        restart_policy=properties.get("Restart"),
        cpu_seconds=_seconds(_known(properties.get("CPUUsageNSec"))),
    )


def _known(number: int | None) -> int | None:
    return None if number == _UNKNOWN else number


def _share(microseconds: int | None) -> float | None:
    """Cores, from microseconds of CPU time a second."""
    return None if microseconds is None else microseconds / 1e6


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9
