"""Room on the disk: what is needed, whether it is there, and whether it ever can be."""

from pathlib import Path

import pytest

from clipmill.messages import Step
from clipmill.room import Disk, need, shortage
from clipmill.store import Store

GIB = 1 << 30

NOW, LATER, NEVER = "now", "later", "never"


@pytest.mark.parametrize(
    ("free", "reserve", "needed", "kept", "fits"),
    [
        # the reserve alone, to the byte
        (5, 5, 0, 0, NOW),
        (4, 5, 0, 0, LATER),
        # the reserve, and what the step writes beside it
        (9, 5, 4, 2, NOW),
        (8, 5, 4, 2, LATER),
        # all that could go has gone, and it fits to the byte, or does not
        (0, 5, 60, 35, LATER),
        (0, 5, 60, 36, NEVER),
        # a reserve beyond the disk is the operator's mistake: a wait with a status, and no job is given up for it
        (50, 101, 0, 0, LATER),
        (50, 100, 4, 2, LATER),
    ],
)
def test_a_step_fits_now_later_or_never(free: int, reserve: int, needed: int, kept: int, fits: str) -> None:
    """On a disk of 100 GiB."""
    disk = Disk(free=free * GIB, size=100 * GIB)
    short = shortage(disk, reserve=reserve * GIB, needed=needed * GIB, kept=kept * GIB)
    assert (NOW if short is None else NEVER if short.for_ever else LATER) == fits


@pytest.mark.parametrize(("source", "there", "needed"), [(0, 0, 0), (10, 0, 20), (10, 15, 5), (10, 30, 0)])
def test_twice_the_source_is_needed_less_what_the_last_attempt_left(source: int, there: int, needed: int) -> None:
    """Or a step would wait for the room that its own half-done work takes."""
    assert need(source, there=there) == needed


def test_the_reason_has_all_figures_that_a_person_needs() -> None:
    """What is free, what is needed, what stays free and which setting says so."""
    short = shortage(Disk(free=3 * GIB, size=100 * GIB), reserve=GIB, needed=4 * GIB)
    assert short
    assert short.reason == "3072 MiB free, 4096 MiB more are needed and 1024 MiB stay free (DISK_RESERVE)"


def test_the_store_looks_at_the_source_and_at_what_the_last_attempt_left(tmp_path: Path) -> None:
    """A source that is not there needs nothing here: the child says what is wrong with it."""
    store = Store(tmp_path)
    store.prepare()
    step = Step(job_id="j", id="j/cutter/0", file_path="jobs/j.mp4")
    assert store.shortage(step, reserve=0) is None
    free = store.disk().free
    with (tmp_path / "jobs" / "j.mp4").open("wb") as source:
        source.truncate(free)  # a hole, which takes no room
    short = store.shortage(step, reserve=0)
    assert short
    assert not short.for_ever or 3 * free > store.disk().size
    store.workspace(step.id).mkdir()
    with (store.workspace(step.id) / "half").open("wb") as half:
        half.truncate(2 * free)
    assert store.shortage(step, reserve=0) is None
