"""The graveyard: a job goes whole, in an order that may be cut anywhere, and never while somebody is at work on it."""

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipmill.fuse import Fuse
from clipmill.graveyard import Graveyard, InUse
from clipmill.messages import Step
from clipmill.outcome import Done
from clipmill.store import Store
from clipmill.workspace import Workspace
from tests.rig import disk
from tests.rig.requirement import root_required

DAY = 24 * 3600.0
STEPS = ("j/download/0", "j/cutter/0", "j/preview/0")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a job of three steps that ended ten days ago."""
    return filled(tmp_path / "store")


def filled(root: Path) -> Store:
    store = Store(root)
    store.prepare()
    for step_id in STEPS:
        commit(store, step_id)
    return store


def commit(store: Store, step_id: str, *, days_ago: float = 10) -> None:
    """A step with two files, done so many days ago."""
    step = Step(job_id=step_id.split("/")[0], id=step_id)
    folder = store.workspace(step_id)
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        (folder / name).write_text(name)
    space = Workspace(path=folder, source=None, settings=None, store=store, step=step, report=print)  # type: ignore[arg-type]
    store.commit(step, Done(tuple(space.artifact(folder / name) for name in ("a", "b"))))
    age(store.home(step_id).parent, days_ago)


def age(path: Path, days: float) -> None:
    os.utime(path, (time.time() - days * DAY,) * 2)


def bury(store: Store, *, untouched: float = 5 * DAY) -> None:
    for _ in Graveyard(store).bury("j", "after 5 days", untouched=untouched):
        pass


def left(store: Store) -> set[str]:
    """What of the job is in the store, but for its stone."""
    paths = {path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if not path.is_dir()}
    return {path for path in paths if not path.startswith("removed/2")}


def test_all_of_a_job_goes_and_a_stone_says_why(store: Store) -> None:
    """Artifacts, manifests, its tombstone, what lies in the inbox, and orphaned scratch; nothing of another job."""
    store.cancel("j")
    disk.write(store.inbox("j") / "video.mp4", megabytes=1)
    disk.write(store.workspace("j/preview/9") / "half", megabytes=1)
    age(store.workspace("j/preview/9"), 9)
    commit(store, "jj/download/0")
    others = {path for path in left(store) if path.startswith("jobs/jj/")}
    assert Graveyard(store).epitaph("j") is None
    bury(store)
    assert Graveyard(store).epitaph("j") == f"after 5 days on {time.strftime('%Y-%m-%d')}"
    assert left(store) == others
    assert not (store.root / "jobs" / "j").exists()
    assert Graveyard(store).epitaph("jj") is None


@pytest.mark.parametrize("turns", range(8))
def test_a_removal_that_is_cut_anywhere_never_looks_whole_and_is_gone_on_with(store: Store, turns: int) -> None:
    """By a kill, after so many files: before the first one goes, all of the job is out of sight."""
    for _ in itertools.islice(Graveyard(store).bury("j", "after 5 days", untouched=5 * DAY), turns):
        pass
    if turns:
        assert [store.manifest(step_id) for step_id in STEPS] == [None] * 3
        assert Graveyard(store).epitaph("j")
    bury(store)
    assert left(store) == set()


def at_hand(store: Store) -> Iterator[None]:
    fuse = Fuse(store.root / "workers", "cutter@1")
    fuse.inspect()
    fuse.light("j/cutter/0")
    yield
    fuse.remove()


def held(store: Store) -> Iterator[None]:
    with store.claim(Step(job_id="j", id="j/cutter/0")):
        age(store.workspace("j/cutter/0"), 10)
        yield


def half_done(store: Store) -> Iterator[None]:
    disk.write(store.workspace("j/cutter/0") / "half", megabytes=1)
    yield
    age(store.workspace("j/cutter/0"), 10)


def finished_lately(store: Store) -> Iterator[None]:
    age(store.home("j/cutter/0").parent, 1)
    yield
    age(store.home("j/cutter/0").parent, 10)


@pytest.mark.parametrize("use", [at_hand, held, half_done, finished_lately])
def test_nothing_of_a_job_goes_that_was_taken_up_again(store: Store, use) -> None:  # type: ignore[no-untyped-def]
    """A person retried what was parked: at hand, in its child, on a rung, or done. Afterwards it goes like others."""
    files = left(store)
    using = use(store)
    next(using)
    with pytest.raises(InUse):
        bury(store)
    assert files <= left(store)
    assert Graveyard(store).epitaph("j") is None
    next(using, None)
    bury(store)
    assert {path for path in left(store) if path.startswith("jobs/")} == set()


def test_removing_what_is_gone_or_never_was_changes_nothing(store: Store) -> None:
    """An order may come twice, and comes to every host."""
    bury(store)
    bury(store)
    assert left(store) == set()


def test_stones_are_forgotten_by_the_month(store: Store) -> None:
    """Two months at least they stand; what else lies there stays."""
    for month in ("1999-12", "2026-01"):
        (store.root / "removed" / month).mkdir(parents=True)
        (store.root / "removed" / month / "old").write_text("x")
    bury(store)
    assert [path.name for path in (store.root / "removed").iterdir() if path.name[:4].isdigit()] == [
        time.strftime("%Y-%m", time.gmtime())
    ]


def test_a_full_disk_is_no_obstacle_to_making_room(tmp_path: Path) -> None:
    """Not a byte is free, not even for a stone: it is set when there is."""
    root_required()
    with disk.small_disk(tmp_path / "disk", megabytes=4):
        store = filled(tmp_path / "disk" / "store")
        disk.fill(tmp_path / "disk")
        bury(store)
        assert left(store) == set()
        assert Graveyard(store).epitaph("j")


def test_a_large_file_goes_bit_by_bit_and_one_with_another_name_keeps_it(store: Store, tmp_path: Path) -> None:
    """The loop has its turn in between; what somebody linked elsewhere is whole there."""
    home = store.home("j/download/0")
    disk.write(home / "large", megabytes=100)
    disk.write(home / "linked", megabytes=100)
    (tmp_path / "other").hardlink_to(home / "linked")
    age(home.parent, 10)
    sizes = [
        path.stat().st_size >> 20
        for _ in Graveyard(store).bury("j", "after 5 days", untouched=5 * DAY)
        for path in store.root.glob("removed/pit/j/download/0/large")
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert {100 - 32, 100 - 64, 100 - 96} <= set(sizes)
    assert (tmp_path / "other").stat().st_size == 100 << 20


def test_a_link_that_somebody_put_there_is_removed_and_not_followed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (store.root / "jobs" / "j" / "download" / "0" / "link").symlink_to(tmp_path / "precious")
    age(store.home("j/download/0").parent, 10)
    bury(store)
    assert (tmp_path / "precious" / "file").read_text() == "x"
    assert left(store) == set()
