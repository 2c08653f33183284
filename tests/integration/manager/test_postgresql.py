"""The history in a real PostgreSQL: the same story as in SQLite, and a server that goes and comes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import msgspec
import pytest

from clipmill import messages
from clipmill.events import Event
from clipmill.inprocess import InProcessBroker
from clipmill.session import Session
from clipmill.settings import BadSettings, Settings
from clipmill_manager.bookkeeper import Bookkeeper
from clipmill_manager.database import open_database
from clipmill_manager.job_search import Search
from clipmill_manager.register import Register
from tests.integration.manager.asking import ask, ask_until
from tests.integration.manager.conftest import at_work, tell
from tests.rig.postgresql import PASSWORD, PostgreSQL
from tests.rig.requirement import docker_required
from tests.unit.manager.telling import HOST, error, heartbeat, progress, result

pytestmark = pytest.mark.anyio

NOW = messages.now() - 60_000
ROOT, CUTTER = "job1/download/0", "job1/cutter/0"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with docker_required(), PostgreSQL() as server:
        yield server


@pytest.fixture
def open_books(server: PostgreSQL) -> Iterator[Callable[[], Bookkeeper]]:
    """Opens books in one database, as often as wanted."""
    address, opened = server.new_database(), []

    def open_again() -> Bookkeeper:
        opened.append(Bookkeeper(address, password=PASSWORD, days=30, retry=0.1))
        return opened[-1]

    yield open_again
    for books in opened:
        books.close()


@pytest.fixture
async def books(open_books: Callable[[], Bookkeeper]) -> AsyncIterator[Bookkeeper]:
    yield open_books()


async def test_a_job_is_written_told_twice_and_read_with_its_tree(books: Bookkeeper) -> None:
    story: list[Event] = [
        progress(NOW, ROOT),
        result(NOW + 5, ROOT, CUTTER),
        result(NOW + 9, CUTTER, files=3, parent_id=ROOT),
    ]
    for _ in range(2):
        for event in story:
            await books.record([event])
    view = await books.find("job1", [])
    assert view
    assert (view.job.state, view.job.files, view.job.first_seen) == ("succeeded", 3, NOW)
    assert [step.step_id for step in view.tree[0].steps] == [CUTTER]
    assert books.history.endings == {"succeeded": 1}


async def test_jobs_are_searched_page_by_page_and_let_go_of(books: Bookkeeper) -> None:
    await books.record([error(NOW + n, f"job{n}/download/0", f"HTTP 40{n}") for n in range(5)])
    await books.record([error(1_000, f"old{n}/download/0", "HTTP 404") for n in range(600)])
    page = await books.search(Search(state="failed", reason="HTTP 40"), 2)
    assert [line.job_id for line in page.jobs] == ["job4", "job3"]
    updated_at, number = map(int, (page.next or "").split("."))
    page = await books.search(Search(state="failed", reason="HTTP 40", after=(updated_at, number)), 2)
    assert [line.job_id for line in page.jobs] == ["job2", "job1"]
    await books.prune()
    assert +books.history.totals == {"failed": 5}


async def test_what_no_column_takes_is_bent_into_what_it_takes(books: Bookkeeper) -> None:
    """One event that could not be written would come again and again, and stop all that are behind it."""
    strange = error(10**30, ROOT, "x\0" * 50_000, worker="\0" * 5_000, attempt=10**30)
    payload = msgspec.structs.replace(
        strange.payload, sender="\0s" * 9_000, link="http://\0host/" + "l" * 90_000, file_path="\0"
    )
    await books.record([msgspec.structs.replace(strange, payload=payload), progress(-(10**30), CUTTER)])
    view = await books.find("job1", [])
    assert view
    assert view.job.reason and "\0" not in view.job.reason


async def test_workers_and_totals_are_there_after_a_restart(open_books: Callable[[], Bookkeeper]) -> None:
    register = Register(HOST)
    register.hear(heartbeat(messages.now()))
    records = register.take_changes()
    books = open_books()
    await books.record([result(NOW, ROOT)], records)
    await books.record([], records)
    again = open_books()
    assert again.history.workers() == records
    assert +again.history.totals == {"succeeded": 1}
    await again.forget([record.worker_id for record in records])
    assert again.history.workers() == []


async def test_a_server_that_goes_and_comes_is_waited_for(
    books: Bookkeeper, server: PostgreSQL, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await books.record([result(NOW, "job0/download/0")])
    server.stop()
    try:
        writing = asyncio.ensure_future(books.record([result(NOW + 1, "job1/download/0")]))
        async with asyncio.timeout(30):
            while "the history cannot be written" not in caplog.text:
                await asyncio.sleep(0.05)
        assert not writing.done()
    finally:
        await asyncio.to_thread(server.start)
    await asyncio.wait_for(writing, 30)
    assert +books.history.totals == {"succeeded": 2}


def test_a_wrong_password_is_refused_with_the_servers_words(server: PostgreSQL) -> None:
    with pytest.raises(BadSettings, match='cannot be used: password authentication failed for user "mill"'):
        open_database(server.new_database(), password="wrong")


async def test_the_manager_keeps_its_history_there(
    settings: Settings, server: PostgreSQL, broker: InProcessBroker, session: Session
) -> None:
    settings = replace(settings, history_url=server.new_database(), history_password=PASSWORD)
    async with at_work(settings, broker) as socket:
        await tell(session, result(NOW, ROOT, CUTTER))
        await ask_until(socket, "/api/jobs", lambda answer: answer["jobs"])
    await tell(session, result(NOW + 1, CUTTER, parent_id=ROOT))
    async with at_work(settings, broker) as socket:
        await ask_until(socket, "/api/jobs?state=succeeded&site=host", lambda answer: len(answer["jobs"]) == 1)
        assert (await ask(socket, "/api/jobs/job1")).json["job"]["steps"] == 2
    assert not (settings.state / "history.db").exists()
