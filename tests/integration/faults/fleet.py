"""A fleet of real processes on a vhost of its own, with a retry ladder of short rungs, and what can be seen of it."""

import asyncio
import contextlib
import dataclasses
import itertools
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clipmill import settings, topology
from clipmill.broker import RabbitBroker
from clipmill.events import Error, Result, read_event
from clipmill.pipeline import SERVICES
from clipmill.session import Delivery, Publication, PublishRefused, Session
from clipmill.store import Store
from tests.integration.faults.handler import RELEASE, RUNS
from tests.integration.faults.service import Service

ROOT = Path(__file__).parents[3]
TOLD = "told"
"""The queue on which the senders of these jobs hear from the notifier."""

_RUNG_MS = 300
_AT_ONCE = 200


@dataclass(frozen=True)
class Run:
    """One run of the handler."""

    step: str
    attempt: int
    worker: int
    child: int
    at: float
    """Seconds since the epoch."""


class Fleet:
    """Processes, queues and files."""

    def __init__(self, url: str, room: Path, session: Session) -> None:
        self.store = Store(room / "store")
        self.session = session
        self.url = url
        self._room = room
        self._services: list[Service] = []
        self._numbers = itertools.count()

    @property
    def vhost(self) -> str:
        """Where its queues are."""
        return self.url.rpartition("/")[2]

    # processes

    def worker(self, unit: str = "download@1", **given: str) -> Service:
        """A worker with the handler of these proofs, started; `given` are settings."""
        service, _, number = unit.partition("@")
        return self._start(unit, ["tests.integration.faults.worker", service, number], given)

    def notifier(self, **given: str) -> Service:
        """The real notifier, started."""
        return self._start("notifier", ["clipmill_notifier"], {"NOTIFY_REPLY_QUEUE": TOLD, **given})

    def manager(self, **given: str) -> Service:
        """The real manager, started."""
        return self._start("manager", ["clipmill_manager"], given)

    def _start(self, unit: str, words: list[str], given: Mapping[str, str]) -> Service:
        state, runtime = self._room / unit, self._room / f"{unit}.run"
        runtime.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
            "BROKER_URL": self.url,
            "STORE": str(self.store.root),
            "STATE_DIRECTORY": str(self.store.root if "@" in unit else state),
            "RUNTIME_DIRECTORY": str(runtime),
            "DISK_RESERVE": "1M",
            **given,
        }
        log = self._room / f"{unit}.log"
        self._services.append(service := Service(unit, [sys.executable, "-m", *words], environment, log))
        return service

    async def stop(self) -> None:
        """Drain everybody."""
        await asyncio.gather(*(service.stop() for service in self._services))

    # jobs

    async def send(self, *links: str, service: str = "download") -> list[str]:
        """A job for each link, one behind the other, without a pipeline; their ids are j0, j1, and so on."""
        names = [f"j{next(self._numbers)}" for _ in links]
        jobs = [{"jobId": name, "link": link, "pipeline": []} for name, link in zip(names, links, strict=True)]
        key = topology.work_queue(service)
        await self.session.publish(
            *(Publication(exchange="", routing_key=key, body=json.dumps(job).encode()) for job in jobs)
        )
        return names

    async def send_when_ready(self, *links: str) -> list[str]:
        """As soon as a worker has declared its queues."""
        async with asyncio.timeout(60):
            while True:
                try:
                    return await self.send(*links)
                except PublishRefused:
                    await asyncio.sleep(0.1)

    def release(self) -> None:
        """Let the waiting ones end."""
        (self.store.root / RELEASE).touch()

    @property
    def runs(self) -> list[Run]:
        """Every run of the handler so far."""
        path = self.store.root / RUNS
        rows = (line.split() for line in path.read_text().splitlines()) if path.exists() else ()
        return [
            Run(step, int(attempt), int(worker), int(child), float(at)) for step, attempt, worker, child, at in rows
        ]

    # queues

    async def reconnect(self) -> None:
        """Our own session, after the broker was away."""
        await self.session.close()
        self.session = await open_session(self.url)

    async def take(self, queue: str, count: int, *, seconds: float = 60) -> list[Delivery]:
        """So many messages of a queue, acked; on a session of its own, with which the others go back."""
        taken: list[Delivery] = []
        session = await open_session(self.url)
        async with asyncio.timeout(seconds), session.consume(queue, prefetch=min(count, _AT_ONCE)) as deliveries:
            async for delivery in deliveries:
                session.ack(delivery)
                taken.append(delivery)
                if len(taken) >= count:
                    break
        await session.close()
        return taken

    async def ends(self, count: int, *, seconds: float = 60) -> dict[str, Result | Error]:
        """The events that end the only steps of so many jobs, by jobId. (One that was told twice has the same id.)"""
        ends: dict[str, Result | Error] = {}
        async with asyncio.timeout(seconds):
            while len(ends) < count:
                for one in await self.take(topology.HISTORY_QUEUE, count - len(ends), seconds=seconds):
                    event = read_event(one.body)
                    if isinstance(event, Result | Error):
                        ends[event.job_id] = event
        return ends

    async def drained(self, queues: Iterable[str], *, seconds: float = 60) -> None:
        """Wait until nothing waits in these queues."""
        async with asyncio.timeout(seconds):
            for queue in queues:
                while await self.session.depth(queue):
                    await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def fleet_on(url: str, room: Path, *, rung_ms: int = _RUNG_MS, declare: bool = True) -> AsyncIterator[Fleet]:
    """A fleet without a process; whatever a proof starts is drained at its end.

    Its queues are there, with short rungs; those of the work only if they are not left to the workers to declare.
    """
    session = await open_session(url)
    await session.declare(quick_topology(rung_ms) if declare else topology.results())
    fleet = Fleet(url, room, session)
    fleet.store.root.mkdir()
    try:
        yield fleet
    finally:
        fleet.release()
        await fleet.stop()
        await fleet.session.close()


async def open_session(url: str) -> Session:
    """Ours, beside the services' own."""
    return await RabbitBroker(settings.load({"BROKER_URL": url}).broker, client="proofs").open()


def quick_topology(rung_ms: int) -> topology.Topology:
    """All of clipmill's queues, every rung with the same short delay: workers keep what stands. And the reply queue."""
    whole = topology.fleet_topology(SERVICES)
    rungs = {topology.rung(seconds) for seconds in topology.RUNG_SECONDS}
    queues = [dataclasses.replace(q, ttl_ms=rung_ms) if q.name in rungs else q for q in whole.queues]
    return dataclasses.replace(whole, queues=(*queues, topology.Queue(name=TOLD, kind="classic")))


async def until(holds: Callable[[], object], what: str, *, seconds: float = 60) -> float:
    """Poll a fact that nobody announces; when it was first seen, in seconds since the epoch."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        await asyncio.sleep(0.005)
    return time.time()
