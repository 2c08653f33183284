"""The notifier's memory: a refusal that says what to do, versions, and statements that find their rows by an index."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from clipmill.settings import BadSettings
from clipmill_notifier.database import Database

pytestmark = pytest.mark.anyio


def test_a_memory_is_made_where_there_is_none_and_found_again(tmp_path: Path) -> None:
    """Its folder too; in WAL, with every commit on disk."""
    for _ in range(2):
        database = Database(tmp_path / "state" / "notifier.db")
        assert database.run("PRAGMA user_version").fetchone() == (2,)
        assert database.run("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.run("PRAGMA synchronous").fetchone() == (2,)
        database.close()


def test_a_memory_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """After a downgrade: better no start than a wrong reading."""
    path = tmp_path / "notifier.db"
    Database(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(BadSettings, match="newer clipmill"):
        Database(path)


def test_a_file_that_is_no_database_is_refused_with_advice(tmp_path: Path) -> None:
    """It is not overwritten."""
    path = tmp_path / "notifier.db"
    path.write_bytes(b"this is no database, but somebody's notes" * 100)
    with pytest.raises(BadSettings, match="may be moved away"):
        Database(path)
    assert path.read_bytes().startswith(b"this is no database")


def test_a_folder_that_cannot_be_made_is_refused_with_advice(tmp_path: Path) -> None:
    """A file stands where the state directory should be."""
    (tmp_path / "state").write_text("")
    with pytest.raises(BadSettings, match="exists and may be written to"):
        Database(tmp_path / "state" / "notifier.db")


async def test_work_that_raises_leaves_nothing_behind(tmp_path: Path) -> None:
    """All of a transaction or none."""
    database = Database(tmp_path / "notifier.db")

    def work() -> None:
        database.run("INSERT INTO jobs (job_id) VALUES ('half')")
        raise KeyError

    with pytest.raises(KeyError):
        await database.commit(work)
    assert database.run("SELECT count(*) FROM jobs").fetchone() == (0,)
    database.close()


async def test_a_memory_that_is_full_waits_for_room_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite's own limit on pages gives the error that a full disk gives; raised, the same commit goes through."""
    database = Database(tmp_path / "notifier.db", patience=0.05)
    (pages,) = database.run("PRAGMA page_count").fetchone()
    database.run(f"PRAGMA max_page_count = {pages}")
    event = os.urandom(1 << 20)
    work = asyncio.create_task(database.commit(lambda: database.run(
        "INSERT INTO steps (job_id, step_id, event) VALUES ('job', 'job/download/0', :event)", event=event
    )))  # fmt: skip
    async with asyncio.timeout(10):
        while "database or disk is full" not in caplog.text:
            await asyncio.sleep(0.01)
        assert not work.done()
        database.run("PRAGMA max_page_count = 100000")
        await work
    assert database.run("SELECT event FROM steps").fetchone() == (event,)
    database.close()


STATEMENTS = [
    "SELECT channel, count(*) FROM deliveries WHERE state = 'due' GROUP BY channel",
    "SELECT event FROM steps WHERE job_id = 'x'",
    "SELECT id FROM deliveries JOIN notices ON id = notice_id WHERE channel = 'x' AND state = 'due' AND due_at <= 1"
    " ORDER BY due_at LIMIT 1",
    "SELECT min(due_at) FROM deliveries WHERE channel = 'x' AND state = 'due'",
    "UPDATE deliveries SET state = 'due' WHERE state = 'sending'",
    "SELECT body FROM notices WHERE job_id = 'x'",
    "SELECT job_id FROM jobs WHERE closed_at < 1",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_reads_a_whole_table(tmp_path: Path, statement: str) -> None:
    """With a million jobs in it, the memory must be as quick as with one."""
    database = Database(tmp_path / "notifier.db")
    plan = [row[3] for row in database.run(f"EXPLAIN QUERY PLAN {statement}")]
    database.close()
    assert plan
    assert all(line.startswith("SEARCH") or "USING INDEX" in line or "USING COVERING INDEX" in line for line in plan), (
        plan
    )
