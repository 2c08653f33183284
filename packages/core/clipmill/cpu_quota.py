"""How many CPUs this process may use: the scheduler's affinity, or less where a cgroup sets a quota."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

from clipmill import cgroup


def threads(root: Path = cgroup.ROOT, membership: Path = cgroup.MEMBERSHIP) -> int:
    """Threads that a program of ours should start: 1 for a quarter of a CPU, 2 for one and a half.

    ffmpeg counts the machine's cores: under CPUQuota= it would start sixteen threads, each with its own frames in
    memory, to share one core.
    """
    return max(1, min([len(os.sched_getaffinity(0)), *(math.ceil(quota) for quota in _quotas(root, membership))]))


def _quotas(root: Path, membership: Path) -> Iterator[float]:
    """Every quota between our own cgroup and the root of the tree: the smallest of them holds."""
    for folder in cgroup.folders("cpu", root, membership):
        # a file that is not there, or that a sandbox hides, sets no limit that we could know of
        with contextlib.suppress(OSError, ValueError):
            yield from _quota((folder / "cpu.max").read_text().split())
        with contextlib.suppress(OSError, ValueError):
            files = (folder / name for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
            yield from _quota([file.read_text().strip() for file in files])


def _quota(words: list[str]) -> Iterator[float]:
    """CPUs in "quota period"; nothing for "max" (cgroup v2) and for -1 (v1), which mean no limit."""
    quota, period = words
    if quota != "max" and int(quota) > 0:
        yield int(quota) / int(period)
