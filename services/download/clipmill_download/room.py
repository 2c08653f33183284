"""Keeps the reserve of the store's disk free."""

from __future__ import annotations

from clipmill.outcome import Retry
from clipmill.workspace import Workspace

_MIB = 1 << 20


def shortage(workspace: Workspace, *, needed: int = 0) -> Retry | None:
    """Why `needed` bytes more cannot be written now, or None when there is room for them beside the reserve."""
    free, reserve = workspace.store.free_bytes(), workspace.settings.disk_reserve
    if free - needed >= reserve:
        return None
    wanted = f"{needed // _MIB} MiB more are needed and " if needed else ""
    return Retry(f"the disk is full: {free // _MIB} MiB are free, {wanted}{reserve // _MIB} MiB stay free", "disk")
