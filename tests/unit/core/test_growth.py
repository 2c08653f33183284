"""When a worker makes room for a fresh process: over its limit, or on a line that leads there within the hour."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from clipmill.growth import Growth, _limits

MIB = 1 << 20
LIMIT = 128 * MIB


def verdict(sizes: Iterable[float]) -> str | None:
    """The first reason that looks at these sizes (in MiB) give."""
    growth = Growth(LIMIT)
    return next(filter(None, (growth.add(int(size * MIB)) for size in sizes)), None)


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([40] * 200, id="flat"),
        pytest.param([20, 40, *[45] * 200], id="warming up"),
        pytest.param([40 + look % 7 for look in range(200)], id="up and down"),
        pytest.param([40, 127, *[40] * 200], id="a peak below the limit"),
        pytest.param([40 + look * 0.1 for look in range(200)], id="so slow that it takes days"),
        pytest.param([40 + look for look in range(39)], id="too short for a line"),
    ],
)
def test_what_does_not_lead_over_the_limit_is_left_alone(sizes: list[float]) -> None:
    assert verdict(sizes) is None


def test_over_the_limit_is_told_at_once() -> None:
    assert verdict([40, 129]) == "it holds 129 MiB, more than 128 MiB"


def test_a_leak_is_told_long_before_the_limit() -> None:
    """A MiB a look: at the 40th it holds 79 MiB, and would hold 199 in an hour."""
    assert verdict(40 + look for look in range(100)) == "it leaks: 120 MiB an hour, 79 MiB now"


@pytest.mark.parametrize(
    ("membership", "name", "expected"),
    [
        ("0::/fleet/download", "memory.max", [512 * MIB]),
        ("7:memory:/fleet/download\n", "memory/memory.limit_in_bytes", [512 * MIB]),
    ],
    ids=["v2", "v1"],
)
def test_limits_are_found_in_either_tree(tmp_path: Path, membership: str, name: str, expected: list[int]) -> None:
    tree, _, file = name.rpartition("/")
    folder = tmp_path / tree / "fleet/download"
    folder.mkdir(parents=True)
    (folder / file).write_text(f"{512 * MIB}\n")
    (folder.parent / file).write_text("max\n")
    (tmp_path / "self").write_text(membership)
    assert list(_limits(tmp_path, tmp_path / "self")) == expected
