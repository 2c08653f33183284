"""The control group that this process is in: the folders of a controller, from our own up to the root of the tree."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def folders(controller: str, root: Path = ROOT, membership: Path = MEMBERSHIP) -> Iterator[Path]:
    """Our cgroup's folder and those above it, in the unified tree (v2) and in the controller's own tree (v1)."""
    with contextlib.suppress(OSError):
        for line in membership.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers or controller in controllers.split(","):
                base = root / controllers if controllers else root
                below = base / path.lstrip("/")
                yield from (folder for folder in (below, *below.parents) if folder.is_relative_to(base))
