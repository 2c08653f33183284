"""The disk, with a real broker: steps that wait for room whatever becomes of their session, files that go in time."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from clipmill import settings, topology
from clipmill.broker import RabbitBroker
from clipmill.event_worker import EventWorker
from clipmill.events import Error, Event, Result, read_event
from clipmill.session import Publication
from clipmill.systemd import Supervisor
from clipmill.worker import Worker
from clipmill.worker_status import WorkerStatus
from clipmill_notifier.consumer import Notifier
from tests.rig import disk
from tests.rig.broker import Broker
from tests.rig.requirement import root_required

pytestmark = pytest.mark.anyio

EARS = topology.Topology(
    queues=(topology.Queue(name="ears", kind="classic"),),
    bindings=(topology.Binding(exchange=topology.RESULTS, queue="ears", key="#"),),
)


class Fleet:
    """Workers and notifiers of this process on a vhost of their own, with a store on a disk of 64 MiB."""

    def __init__(self, url: str, store: Path, state: Path) -> None:
        self.store = store
        self.vhost = url.rpartition("/")[2]
        self._given = {"BROKER_URL": url, "STORE": str(store), "STATE_DIRECTORY": str(state), "DISK_RESERVE": "4M"}
        self.broker = RabbitBroker(settings.load(self._given).broker)

    @contextlib.asynccontextmanager
    async def worker(self, service: str, handler: str) -> AsyncIterator[Worker]:
        worker = Worker(
            service,
            f"{service}@1",
            handler=f"tests.unit.core.handlers:{handler}",
            broker=self.broker,
            settings=settings.load(self._given),
            supervisor=Supervisor(),
        )
        async with _running(worker):
            yield worker

    @contextlib.asynccontextmanager
    async def notifier(self, **given: str) -> AsyncIterator[None]:
        chosen = settings.load(self._given | given)
        notifier = Notifier(chosen)
        async with _running(EventWorker(notifier, broker=self.broker, settings=chosen, supervisor=Supervisor())):
            yield

    async def send(self, queue: str, *, reason: str = "", **fields: object) -> None:
        """A message of those fields; a dead letter, where there is a `reason`."""
        headers: dict[str, str | int | bool] = {"x-reason": reason} if reason else {}
        body = json.dumps(fields).encode()
        session = await self.broker.open()
        await session.publish(Publication(exchange="", routing_key=queue, body=body, headers=headers))
        await session.close()

    async def hear(self, *kinds: type[Event]) -> Event:
        """The next event of one of these kinds."""
        session = await self.broker.open()
        async with asyncio.timeout(60), session.consume("ears", prefetch=1) as deliveries:
            async for delivery in deliveries:
                event = read_event(delivery.body)
                session.ack(delivery)
                if isinstance(event, kinds):
                    break
        await session.close()
        return event

    async def depth(self, queue: str) -> int:
        session = await self.broker.open()
        depth = await session.depth(queue)
        await session.close()
        return depth


@contextlib.asynccontextmanager
async def _running(service: Worker | EventWorker) -> AsyncIterator[None]:
    task = asyncio.create_task(service.run())
    yield
    service.drain()
    async with asyncio.timeout(60):
        await task


async def until(holds: Callable[[], object]) -> None:
    """Poll a fact that nobody announces."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.05)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    root_required()
    with disk.small_disk(tmp_path / "store", megabytes=64):
        yield tmp_path / "store"


@pytest.fixture
async def fleet(rabbitmq: Broker, store: Path, tmp_path: Path) -> Fleet:
    """On RabbitMQ of Debian 12 and of Debian 13."""
    fleet = Fleet(rabbitmq.new_vhost(), store, tmp_path / "state")
    session = await fleet.broker.open()
    await session.declare(topology.fleet_topology(("download", "cutter", "preview")) | EARS)
    await session.close()
    return fleet


async def test_a_step_that_waits_for_room_outlives_its_session_and_pays_nothing(fleet: Fleet, rabbitmq: Broker) -> None:
    """Each redelivery takes the lost one's place; the first attempt is the one that is made when there is room."""
    disk.write(fleet.store / "jobs" / "j.mp4", megabytes=19)
    disk.write(fleet.store / disk.FILLER, megabytes=10)
    async with fleet.worker("cutter", "behave") as worker:
        await fleet.send("cutter_queue", jobId="j", stepId="j/cutter/0", link="done", filePath="jobs/j.mp4")
        for _ in range(2):
            await until(lambda: worker.signs.status.status is WorkerStatus.ERROR and "for job j" in worker.signs.note)
            await asyncio.to_thread(rabbitmq.ctl, "close_all_connections", "--vhost", fleet.vhost, "test")
            await until(lambda: "for job j" not in worker.signs.note)
        disk.free(fleet.store)
        result = await fleet.hear(Result)
        assert isinstance(result, Result)
        assert (result.attempt, worker.signs.tally.processed) == (1, 1)
        assert await fleet.depth("cutter_queue") == 0


async def test_a_full_disk_stops_the_taking_of_steps_and_nothing_else(fleet: Fleet) -> None:
    """Not a byte is free: the worker says so, leaves the steps to others, and goes on by itself."""
    async with fleet.worker("download", "two_files") as worker:
        await until(lambda: worker.signs.status.status is WorkerStatus.IDLE)
        disk.fill(fleet.store)
        await until(lambda: "waiting for room on the disk" in worker.signs.note)
        await fleet.send("download_queue", jobId="j", link="x", pipeline=[])
        dead: dict[str, object] = {"jobId": "d", "stepId": "d/download/0", "link": "x", "attempt": 6}
        await fleet.send("download_queue_dlq", reason="it failed", **dead)
        error = await fleet.hear(Error)
        assert isinstance(error, Error)
        assert error.job_id == "d"
        assert await fleet.depth("download_queue") == 1
        disk.free(fleet.store)
        result = await fleet.hear(Result)
        assert isinstance(result, Result)
        assert result.job_id == "j"


async def test_old_files_go_and_a_late_redelivery_brings_none_back(fleet: Fleet) -> None:
    """The notifier hears that the job is over, and later has its files removed; a step that comes again makes none."""
    step = {"jobId": "j", "stepId": "j/download/0", "link": "x"}
    span = {"RETENTION": "1s", "PARKED_RETENTION": "1s"}
    async with fleet.worker("download", "two_files") as worker:
        await fleet.send("download_queue", **step)
        result = await fleet.hear(Result)
        assert isinstance(result, Result)
        assert (fleet.store / result.payload.results[0]).exists()
        async with fleet.notifier(**span):
            await _until_taken(fleet)
        await asyncio.sleep(1)  # the age itself
        async with fleet.notifier(**span):
            await until(lambda: not (fleet.store / "jobs" / "j").exists())
        await fleet.send("download_queue", **step)
        error = await fleet.hear(Error)
        assert isinstance(error, Error)
        assert "its files were removed: after 1 seconds on " in error.payload.error
        assert worker.signs.tally.processed == 1
        assert not (fleet.store / "jobs" / "j").exists()


async def _until_taken(fleet: Fleet) -> None:
    """The notifier has acked the job's end."""
    async with asyncio.timeout(60):
        while await fleet.depth(topology.NOTIFIER_QUEUE):
            await asyncio.sleep(0.05)
