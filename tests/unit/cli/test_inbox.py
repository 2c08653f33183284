"""Files on their way into the store's inbox."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from clipmill.store import Store
from clipmill_cli import inbox
from clipmill_cli.trouble import Trouble

pytestmark = pytest.mark.anyio


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "holiday film.mp4"
    path.write_bytes(os.urandom(5 << 20))
    return path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    root = tmp_path / "store"
    root.mkdir()
    return Store(root)


def ignore(_done: int, _whole: int) -> None:
    """Nobody looks on."""


async def test_a_file_arrives_whole_and_its_key_names_it(source: Path, store: Store) -> None:
    told: list[tuple[int, int]] = []
    key = await inbox.put(source, store, "job1", lambda done, whole: told.append((done, whole)))
    assert key == "inbox/job1/holiday film.mp4"
    assert store.path(key).read_bytes() == source.read_bytes()
    assert told == [(4 << 20, 5 << 20), (5 << 20, 5 << 20)]


async def test_the_workers_group_may_read_it_and_clear_it_away_and_nobody_else(source: Path, store: Store) -> None:
    await inbox.put(source, store, "job1", ignore)
    (file,) = store.inbox("job1").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o2770


async def test_a_copy_that_is_interrupted_leaves_nothing(source: Path, store: Store) -> None:
    def interrupt(_done: int, _whole: int) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await inbox.put(source, store, "job1", interrupt)
    assert not store.inbox("job1").exists()


async def test_no_room_is_said_before_anything_is_copied(tmp_path: Path, store: Store) -> None:
    huge = tmp_path / "huge.mp4"
    with huge.open("wb") as file:
        file.truncate(1 << 43)  # 8 TB, none of which is on the disk
    with pytest.raises(Trouble, match=r"no room in .*: 8\.8 TB are needed and .* are free; make room"):
        await inbox.put(huge, store, "job1", ignore)
    assert not store.inbox("job1").exists()


async def test_a_store_that_is_not_there_is_said(source: Path, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"there is no store at .*; install clipmill here, or set STORE"):
        await inbox.put(source, Store(tmp_path / "nowhere"), "job1", ignore)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("video.mp4", "video.mp4"),
        ("Ümläut — film.mkv", "Ümläut — film.mkv"),
        (".hidden.mp4", "hidden.mp4"),
        ("line\nbreak.mp4", "line_break.mp4"),
        (os.fsdecode(b"latin-\xe9.mp4"), "latin-?.mp4"),
        ("...", "file"),
        ("no suffix", "no suffix"),
        ("ends. In a sentence", "ends. In a sentence"),
    ],
)
def test_names_are_kept_as_far_as_any_system_takes_them(name: str, safe: str) -> None:
    assert inbox.safe_name(name) == safe


@pytest.mark.parametrize("name", ["é" * 127, "é" * 120 + ".mp4", "x" * 255])
def test_long_names_are_shortened_and_keep_their_suffix(name: str) -> None:
    safe = inbox.safe_name(name)
    assert len(safe.encode()) <= 200
    assert Path(safe).suffix == Path(name).suffix
