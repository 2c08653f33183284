"""When a child has grown enough to be replaced."""

import os

import pytest

from clipmill import memory

MIB = 1 << 20


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ([], None),
        ([90] * 150, None),  # steady
        ([90] * 200, "200 steps"),  # long service
        ([90, 450], "450 MiB"),  # over the limit
        ([80 + 5 * n for n in range(11)], "50 MiB over 10 steps"),  # a leak
        ([80 + 5 * n for n in range(10)], None),  # too few to tell
        ([80, 100, 110, 115, 117, 118, 118, 118, 118, 118, 118], None),  # a cache that fills
        ([80, 120] * 6, None),  # up and down
    ],
)
def test_a_child_is_replaced_for_a_reason(sizes: list[int], reason: str | None) -> None:
    """Sizes in MiB after each step; the limit is 400 MiB."""
    found = memory.reason_to_replace([size * MIB for size in sizes], limit=400 * MIB)
    assert (found is None) == (reason is None)
    assert reason is None or (found and reason in found)


def test_memory_is_read_from_the_kernel() -> None:
    """This process has some; one that is gone has none."""
    assert memory.rss(os.getpid()) > MIB
    assert memory.rss(2**22 + 1) == 0
