"""A notifier in its real frame, over the in-process broker, with its memory in a directory of the test."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from clipmill import settings, topology
from clipmill.event_worker import EventWorker
from clipmill.inprocess import InProcessBroker
from clipmill.session import Deliveries, Publication, Session
from clipmill.systemd import Supervisor
from clipmill.topology import Queue, Topology
from clipmill_notifier.consumer import Notifier
from clipmill_notifier.notice import Notice, Told, read_notice

T = TypeVar("T")

ANSWERS = "answers"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

_UNTRIED = "SELECT 1 FROM deliveries WHERE state = 'sending' OR (state = 'due' AND tries = 0)"


class Bench:
    """A broker, and the notifiers that a test starts one after the other on the same memory."""

    def __init__(self, root: Path, broker: InProcessBroker, session: Session, answers: Deliveries) -> None:
        self.root = root
        self.broker = broker
        self.session = session
        self.answers = answers
        self.environment = {"STORE": "/store", "STATE_DIRECTORY": str(root), "CREDENTIALS_DIRECTORY": str(root)}
        self._running: tuple[EventWorker, asyncio.Task[None]] | None = None

    def start(self, **given: str) -> None:
        """A notifier with these settings, and with those of the start before."""
        self.environment |= given
        chosen = settings.load(self.environment)
        worker = EventWorker(Notifier(chosen), broker=self.broker, settings=chosen, supervisor=Supervisor())
        self._running = (worker, asyncio.create_task(worker.run()))

    async def stop(self) -> None:
        """Drain it."""
        if self._running:
            worker, task = self._running
            self._running = None
            worker.drain()
            async with asyncio.timeout(30):
                await task

    async def tell(self, *events: Publication) -> None:
        """Publish events as workers do."""
        await self.session.publish(*events)

    async def settled(self) -> None:
        """Wait until every event was taken and acked, and nothing is due."""
        queue = self.broker.queues[topology.NOTIFIER_QUEUE]
        await self.until(lambda: not queue.ready and not any(consumer.unsettled for consumer in queue.consumers))
        await self.until(lambda: not self.rows(_UNTRIED))

    async def notice(self) -> Notice:
        """The next notice on the reply queue."""
        told = await self.told()
        assert isinstance(told, Notice)
        return told

    async def told(self) -> Told:
        """The next notice or alert on the reply queue."""
        async with asyncio.timeout(10):
            return read_notice((await anext(aiter(self.answers))).body)

    def heard_all(self) -> bool:
        """Whether nothing more was said on the reply queue."""
        return not self.answers.waiting()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the memory holds, read as a person with sqlite3 would."""
        with contextlib.closing(sqlite3.connect(f"file:{self.root}/notifier.db?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchall()

    def write(self, statement: str) -> None:
        """Change the memory while no notifier runs."""
        with contextlib.closing(sqlite3.connect(self.root / "notifier.db")) as connection, connection:
            connection.execute(statement)

    async def until(self, probe: Callable[[], T], seconds: float = 10) -> T:
        """Poll a fact that nobody announces."""
        async with asyncio.timeout(seconds):
            while not (answer := probe()):
                await asyncio.sleep(0.01)
            return answer


@contextlib.asynccontextmanager
async def listening(root: Path, broker: InProcessBroker) -> AsyncIterator[Bench]:
    """A bench whose session listens on the reply queue."""
    session = await broker.open()
    await session.declare(topology.results() | Topology(queues=(Queue(name=ANSWERS, kind="classic"),)))
    async with session.consume(ANSWERS, prefetch=1000) as answers:
        bench = Bench(root, broker, session, answers)
        yield bench
        await bench.stop()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """No notifier yet; what a test starts is drained at its end."""
    (tmp_path / "webhook-secret").write_text(SECRET + "\n")
    async with listening(tmp_path, InProcessBroker()) as bench:
        yield bench
