"""A manager at work: its frame, its socket and its books are real; the broker is the in-process one or RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from clipmill import settings as settings_module
from clipmill import topology
from clipmill.event_worker import EventWorker
from clipmill.events import Event, write_event
from clipmill.inprocess import InProcessBroker
from clipmill.session import Broker, Publication, Session
from clipmill.settings import Settings
from clipmill.systemd import Supervisor
from clipmill_manager.consumer import Manager
from tests.unit.manager.telling import HOST

NO_RULES = Path("/nowhere/alerts.toml")
NO_BUS = "unix:path=/nowhere/system_bus_socket"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = settings_module.load({"STORE": str(tmp_path / "store"), "STATE_DIRECTORY": str(tmp_path)})
    return replace(given, host=HOST)


@pytest.fixture
def broker() -> InProcessBroker:
    return InProcessBroker()


@asynccontextmanager
async def working(
    settings: Settings, broker: Broker, *, bus: str = NO_BUS, rules: Path = NO_RULES
) -> AsyncIterator[Manager]:
    """A running manager for the length of a block."""
    manager = Manager(settings, bus=bus, rules=rules)
    worker = EventWorker(manager, broker=broker, settings=settings, supervisor=Supervisor())
    running = asyncio.ensure_future(worker.run())
    try:
        while not manager.socket.exists():
            assert not running.done(), running.exception()
            await asyncio.sleep(0.01)
        yield manager
    finally:
        worker.drain()
        await running


@asynccontextmanager
async def at_work(
    settings: Settings, broker: Broker, *, bus: str = NO_BUS, rules: Path = NO_RULES
) -> AsyncIterator[Path]:
    """A running manager for the length of a block; the path of its socket."""
    async with working(settings, broker, bus=bus, rules=rules) as manager:
        yield manager.socket


async def tell(session: Session, *events: Event) -> None:
    """Publish events as a worker does."""
    for event in events:
        kind = event.__struct_config__.tag
        service = event.worker_id.rpartition("/")[2].partition("@")[0]
        await session.publish(
            Publication(exchange=topology.RESULTS, routing_key=f"{kind}.{service}", body=write_event(event))
        )


@pytest.fixture
async def manager(settings: Settings, broker: InProcessBroker) -> AsyncIterator[Path]:
    async with at_work(settings, broker) as socket:
        yield socket


@pytest.fixture
async def session(broker: InProcessBroker) -> AsyncIterator[Session]:
    session = await broker.open()
    await session.declare(topology.results())
    yield session
    await session.close()
