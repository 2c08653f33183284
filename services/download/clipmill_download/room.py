"""Whether the rest of a download has room on the store's disk, as soon as its size is known."""

from __future__ import annotations

from typing import Any

from clipmill import messages, room
from clipmill.outcome import Reject, Retry
from clipmill.workspace import Workspace

_LATER_MS = 600_000
"""A site is not asked each minute whether our disk has room."""


def shortage(workspace: Workspace, status: dict[str, Any]) -> Retry | Reject | None:
    """What a download comes to for lack of room, or None; `status` is what yt-dlp's progress hook is told.

    What is as large as it says waits until it fits, which is no attempt. What does not say how large it is grows until
    it touches the reserve: that was one.
    """
    there, size = status.get("downloaded_bytes") or 0, status.get("total_bytes") or 0
    reserve, needed = workspace.settings.disk_reserve, room.need(size, there=there)
    short = room.shortage(workspace.store.disk(), reserve=reserve, needed=needed, kept=there)
    if short is None:
        return None
    if short.for_ever:
        return Reject(short.reason, "disk")
    return Retry(f"no room on the disk: {short.reason}", "disk", messages.now() + _LATER_MS if size else None)
