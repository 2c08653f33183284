"""The file system that holds the store: how large it is, and what is free."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DiskView:
    """Bytes."""

    total: int
    free: int

    @property
    def used(self) -> float:
        """The share that is taken, 0 to 1."""
        return 1 - self.free / self.total if self.total else 0.0


def look(store: Path) -> DiskView | None:
    """The file system as it is now; None where there is no store on this machine, or not yet."""
    try:
        usage = shutil.disk_usage(store)
    except OSError:
        return None
    return DiskView(total=usage.total, free=usage.free)
