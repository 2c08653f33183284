"""When a child has worn enough to be replaced."""

import os
from functools import partial

import pytest

from clipmill import memory
from clipmill.memory import Wear

MIB = 1 << 20


def reason(sizes: list[int], *, seconds: float) -> str | None:
    """Of a child with these sizes in MiB after each of its steps, of so many seconds in all; the limit is 400 MiB."""
    now = 0.0
    wear = Wear(clock=lambda: now)
    for size in sizes:
        now += seconds / len(sizes)
        wear.add(partial(int, size * MIB))
    return wear.reason_to_replace(limit=400 * MIB)


@pytest.mark.parametrize(
    ("sizes", "expected"),
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
def test_a_child_is_replaced_for_a_reason(sizes: list[int], expected: str | None) -> None:
    """Whichever comes first."""
    found = reason(sizes, seconds=3600)
    assert (found is None) == (expected is None)
    assert expected is None or (found and expected in found)


def test_steps_that_are_over_in_an_instant_cost_no_new_child() -> None:
    """Starting one takes as long as hundreds of them; what it holds counts all the same."""
    assert reason([90] * 1000, seconds=1) is None
    assert reason([90] * 1000, seconds=memory.LEAST_SECONDS + 1) is not None
    assert reason([450] * 1000, seconds=1) is not None


def test_memory_is_read_from_the_kernel() -> None:
    """This process has some; one that is gone has none."""
    assert memory.rss(os.getpid()) > MIB
    assert memory.rss(2**22 + 1) == 0
