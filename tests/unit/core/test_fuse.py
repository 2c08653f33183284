"""The fuse against steps that crash their worker."""

import os
from pathlib import Path

from clipmill.fuse import Fuse

STEP = "j/cutter/0"


def crash(workers: Path, unit: str = "cutter@1") -> str | None:
    """A worker starts, begins the step and dies; what its next process finds."""
    fuse = Fuse(workers, unit)
    found = fuse.inspect()
    fuse.light(STEP)
    return found


def test_a_first_start_finds_nothing(tmp_path: Path) -> None:
    """Nor does one after a step that was settled."""
    fuse = Fuse(tmp_path, "cutter@1")
    assert fuse.inspect() is None
    fuse.light(STEP)
    fuse.remove()
    assert Fuse(tmp_path, "cutter@1").inspect() is None
    assert not fuse.has_blown(STEP)


def test_the_second_crash_blows_it(tmp_path: Path) -> None:
    """The first one may have been bad luck."""
    crash(tmp_path)
    assert crash(tmp_path) == STEP
    last = Fuse(tmp_path, "cutter@1")
    assert not last.has_blown(STEP)
    assert last.inspect() == STEP
    assert last.has_blown(STEP)


def test_crashes_of_different_workers_add_up(tmp_path: Path) -> None:
    """The step comes to another worker while the first one restarts."""
    for unit in ("cutter@1", "cutter@2"):
        crash(tmp_path, unit)
        Fuse(tmp_path, unit).inspect()
    assert Fuse(tmp_path, "cutter@3").has_blown(STEP)


def test_a_person_may_try_it_again(tmp_path: Path) -> None:
    """Once it has blown, the count starts anew."""
    test_the_second_crash_blows_it(tmp_path)
    assert not Fuse(tmp_path, "cutter@1").has_blown(STEP)


def test_a_power_cut_says_nothing_against_the_step(tmp_path: Path) -> None:
    """A record from before this boot is no crash."""
    crash(tmp_path)
    record = tmp_path / "cutter@1" / "running"
    boot, _, step = record.read_text().partition(" ")
    record.write_text(f"{int(boot) - 3600} {step}")
    assert Fuse(tmp_path, "cutter@1").inspect() is None


def test_a_torn_record_is_no_crash(tmp_path: Path) -> None:
    """Whatever stands there."""
    record = tmp_path / "cutter@1" / "running"
    record.parent.mkdir()
    record.write_bytes(b"\xff\x00 \xffgarbage")
    assert Fuse(tmp_path, "cutter@1").inspect() is None


def test_a_record_does_not_keep_the_end_of_a_longer_one(tmp_path: Path) -> None:
    """The step of a session that was lost is still named when the next one begins."""
    fuse = Fuse(tmp_path, "cutter@1")
    fuse.inspect()
    fuse.light("a-long-job-id/cutter/10.20.30")
    fuse.light(STEP)
    assert Fuse(tmp_path, "cutter@1").inspect() == STEP


def test_what_an_earlier_version_wrote_is_read(tmp_path: Path) -> None:
    """Its records were as long as what they say: an upgrade in the middle of a step forgets no crash."""
    crash(tmp_path)
    record = tmp_path / "cutter@1" / "running"
    record.write_text(record.read_text().rstrip())
    assert Fuse(tmp_path, "cutter@1").inspect() == STEP


def test_a_step_that_ended_leaves_no_count(tmp_path: Path) -> None:
    """Not a file for each crash that there ever was."""
    crash(tmp_path)
    last = Fuse(tmp_path, "cutter@1")
    last.inspect()
    last.forgive(STEP)
    assert not list((tmp_path / "crashes").iterdir())


def test_a_count_that_nobody_asked_for_is_forgotten_after_a_day(tmp_path: Path) -> None:
    """Another worker may have settled the step before this one counted."""
    crash(tmp_path)
    Fuse(tmp_path, "cutter@1").inspect()
    (count,) = (tmp_path / "crashes").iterdir()
    os.utime(count, (0, 0))
    Fuse(tmp_path, "cutter@2").inspect()
    assert not list((tmp_path / "crashes").iterdir())
