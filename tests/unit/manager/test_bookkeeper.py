"""The books: a database that cannot be written is waited for, and nothing is taken for written before it is."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipmill import messages
from clipmill_manager.bookkeeper import Bookkeeper
from clipmill_manager.job_search import Search
from tests.unit.manager.telling import result

pytestmark = pytest.mark.anyio

NOW = messages.now()
DAY_MS = 24 * 3_600_000


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Bookkeeper]:
    books = Bookkeeper(f"sqlite:///{tmp_path / 'history.db'}", days=3, retry=0.01)
    yield books
    books.close()


async def test_a_database_that_cannot_be_written_is_waited_for(
    books: Bookkeeper, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Here it is locked; a full disk is told to us in the same way."""
    caplog.set_level(logging.WARNING)
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.ensure_future(books.record([result(NOW, "job1/download/0")]))
    async with asyncio.timeout(20):
        while not caplog.records:
            await asyncio.sleep(0.01)
    assert "the history cannot be written (database is locked)" in caplog.text
    assert not writing.done()
    other.execute("ROLLBACK")
    other.close()
    await writing
    assert [line.job_id for line in (await books.search(Search(), 10)).jobs] == ["job1"]


async def test_reading_goes_on_while_nothing_can_be_written(books: Bookkeeper, tmp_path: Path) -> None:
    await books.record([result(NOW, "job1/download/0")])
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    view = await books.find("job1", [])
    assert view
    assert view.job.state == "succeeded"
    other.close()


async def test_jobs_go_when_they_are_older_than_the_settings_say(books: Bookkeeper) -> None:
    await books.record([result(NOW - 3 * DAY_MS - 1_000, f"old{number}/download/0") for number in range(1_200)])
    await books.record([result(NOW - 3 * DAY_MS + 60_000, "new/download/0")])
    await books.prune()
    assert [line.job_id for line in (await books.search(Search(), 500)).jobs] == ["new"]
