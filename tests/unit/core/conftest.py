"""A fleet of one service over the in-process broker, real children included."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from clipmill import settings
from clipmill.events import Event, read_event
from clipmill.inprocess import InProcessBroker
from clipmill.session import Delivery, Publication, Session
from clipmill.systemd import Supervisor
from clipmill.topology import Binding, Queue, Topology, fleet_topology, work_queue
from clipmill.worker import Worker

EVERYTHING = Topology(
    queues=(Queue(name="everything", kind="classic"),),
    bindings=(Binding(exchange="results", queue="everything", key="#"),),
)


class Fleet:
    """A broker, a store and the workers that a test starts."""

    def __init__(self, root: Path, broker: InProcessBroker, session: Session) -> None:
        self.root = root
        self.broker = broker
        self.session = session
        self.tasks: list[tuple[Worker, asyncio.Task[None]]] = []

    def worker(self, handler: str, service: str = "download", **given: str) -> Worker:
        """A worker of `service`, started."""
        chosen = settings.load({"STORE": str(self.root), "DISK_RESERVE": "1", **given})
        worker = Worker(
            service,
            f"{service}@{len(self.tasks) + 1}",
            handler=f"tests.unit.core.handlers:{handler}",
            broker=self.broker,
            settings=chosen,
            supervisor=Supervisor(),
        )
        self.tasks.append((worker, asyncio.create_task(worker.run())))
        return worker

    async def send(self, body: bytes, service: str = "download", *, queue: str = "", **properties: object) -> None:
        """A message on the work queue of `service`, or on `queue`, as any client publishes it."""
        key = queue or work_queue(service)
        await self.session.publish(
            Publication(exchange="", routing_key=key, body=body, **properties)  # type: ignore[arg-type]
        )

    async def take(self, queue: str) -> Delivery:
        """The next message of `queue`, acked."""
        # a session for each, since a consumer that stops keeps what it was handed until its session ends
        session = await self.broker.open()
        async with asyncio.timeout(20), session.consume(queue, prefetch=1) as deliveries:
            delivery = await anext(aiter(deliveries))
            session.ack(delivery)
        await session.close()
        return delivery

    async def event(self, *kinds: type[Event]) -> Event:
        """The next event of one of these kinds."""
        async with asyncio.timeout(20):
            while True:
                event = read_event((await self.take("everything")).body)
                if isinstance(event, kinds):
                    return event

    async def until(self, holds: Callable[[], object], seconds: float = 20) -> None:
        """Poll a fact that nobody announces."""
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.01)

    async def until_settled(self, queue: str) -> None:
        """Let a worker live until it has settled all that waits in `queue`."""
        self.worker("behave")
        session = await self.broker.open()
        async with asyncio.timeout(20):
            while await session.depth(queue):
                await asyncio.sleep(0.01)
        await session.close()
        await self.stop()

    async def stop(self) -> None:
        """Drain every worker."""
        for worker, _ in self.tasks:
            worker.drain()
        async with asyncio.timeout(30):
            await asyncio.gather(*(task for _, task in self.tasks))
        self.tasks.clear()


@contextlib.asynccontextmanager
async def fleet_at(root: Path) -> AsyncIterator[Fleet]:
    """No workers yet; whatever a test starts is drained at its end."""
    broker = InProcessBroker()
    session = await broker.open()
    await session.declare(fleet_topology(("download", "cutter", "preview")) | EVERYTHING)
    fleet = Fleet(root, broker, session)
    yield fleet
    (root / "go").touch()
    with contextlib.suppress(asyncio.CancelledError):
        await fleet.stop()


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[Fleet]:
    """A fleet with a store of its own."""
    async with fleet_at(tmp_path) as fleet:
        yield fleet
