"""What an earlier attempt left in the workspace: finished copies are kept for this one, the rest is removed."""

from __future__ import annotations

from pathlib import Path


def clear(folder: Path) -> None:
    """Remove parts and unfinished copies. A part is unlinked, never written over: it may be a link of the source."""
    for pattern in ("part-*", "*.unfinished.*", "joins*"):
        for path in folder.glob(pattern):
            path.unlink()
