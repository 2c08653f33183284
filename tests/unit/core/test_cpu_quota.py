"""How many threads a program of ours should start: from the smallest quota above it."""

import os
from pathlib import Path

import pytest

from clipmill.cpu_quota import threads

CORES = len(os.sched_getaffinity(0))


def tree(root: Path, files: dict[str, str], membership: str) -> int:
    """The threads in a made-up tree of cgroups."""
    for name, content in files.items():
        path = root / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
    (root / "membership").write_text(membership + "\n")
    return threads(root / "cgroup", root / "membership")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"clip.slice/cutter/cpu.max": "max 100000"}, CORES),
        ({"clip.slice/cutter/cpu.max": "25000 100000"}, 1),
        ({"clip.slice/cutter/cpu.max": "150000 100000"}, min(2, CORES)),
        ({"clip.slice/cutter/cpu.max": "max 100000", "clip.slice/cpu.max": "50000 100000"}, 1),  # the slice's holds
        ({"clip.slice/other/cpu.max": "25000 100000"}, CORES),  # a neighbour's does not
        ({}, CORES),
        ({"clip.slice/cutter/cpu.max": "nonsense"}, CORES),
    ],
)
def test_cgroup_v2(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    assert tree(tmp_path, files, "0::/clip.slice/cutter") == expected


def test_cgroup_v1(tmp_path: Path) -> None:
    files = {"cpu,cpuacct/cutter/cpu.cfs_quota_us": "50000", "cpu,cpuacct/cutter/cpu.cfs_period_us": "100000"}
    assert tree(tmp_path, files, "4:memory:/elsewhere\n3:cpu,cpuacct:/cutter") == 1


def test_cgroup_v1_without_a_quota(tmp_path: Path) -> None:
    files = {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}
    assert tree(tmp_path, files, "3:cpu:/") == CORES


def test_without_cgroups_the_affinity_counts(tmp_path: Path) -> None:
    assert threads(tmp_path / "none", tmp_path / "none") == CORES
