"""The worker: one unit instance, one asyncio loop, one child; its parts, and its life from start to drain."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from clipmill import consumer_timeout, prctl, process, topology
from clipmill.attempts import Attempts
from clipmill.beside import beside
from clipmill.broker import RabbitBroker
from clipmill.cancellation import CancellationConsumer
from clipmill.child import Child
from clipmill.critical import Worn
from clipmill.dead_letter_consumer import DeadLetterConsumer
from clipmill.fuse import Fuse
from clipmill.gaps import gaps
from clipmill.graveyard import Graveyard
from clipmill.growth import until_worn
from clipmill.intake import Intake
from clipmill.obstacles import Obstacles
from clipmill.presence import Presence
from clipmill.reconnect import keep_session
from clipmill.removal import RemovalConsumer
from clipmill.session import Broker, Session
from clipmill.settings import Settings
from clipmill.settlement import Settlement
from clipmill.store import Store
from clipmill.systemd import Supervisor
from clipmill.vital_signs import VitalSigns

log = logging.getLogger(__name__)

_PROGRAMS = ("ffmpeg", "ffprobe")


def main(service: str, *, handler: str) -> None:
    """Run a worker of `service` whose handler is `module:function`, as systemd starts it: with its instance number."""
    unit = process.unit_name(service)

    # its child is of the same user, and might be taken over
    prctl.hide_memory()

    def make(settings: Settings) -> Worker:
        broker = RabbitBroker(settings.broker, client=unit)
        return Worker(service, unit, handler=handler, broker=broker, settings=settings, supervisor=Supervisor())

    process.run(unit, make, programs=_PROGRAMS, writes_store=True)


class Worker:
    """Takes the steps of one service, one at a time, and settles them."""

    def __init__(
        self, service: str, unit: str, *, handler: str, broker: Broker, settings: Settings, supervisor: Supervisor
    ) -> None:
        name = f"{settings.host}/{unit}"
        self._broker = broker
        self._supervisor = supervisor
        self._drain_timeout = settings.drain_timeout
        self._job_timeout = settings.job_timeout
        self._told = asyncio.Event()
        self._hurried = asyncio.Event()
        self._draining = asyncio.Event()
        self._worn = ""
        steps = topology.service_topology(service, job_timeout=settings.job_timeout)
        self._topology = steps | topology.ear(name) | topology.removals_on(settings.host)
        self._store = Store(settings.store)
        self._fuse = Fuse(settings.store / "workers", unit)
        self._child = Child(handler, settings, unit)
        self.signs = VitalSigns(worker=name, service=service, host=settings.host, child_pid=lambda: self._child.pid)
        self._presence = Presence(self.signs, supervisor)
        graveyard = Graveyard(self._store)
        obstacles = Obstacles(self._store, settings.disk_reserve, self._presence)
        self._attempts = Attempts(
            child=self._child,
            store=self._store,
            graveyard=graveyard,
            fuse=self._fuse,
            obstacles=obstacles,
            presence=self._presence,
        )
        settlement = Settlement(worker=name)
        self._dead_letters = DeadLetterConsumer(service, self._store, self._fuse, settlement)
        self._cancellations = CancellationConsumer(name, self._store, self._attempts.cancel)
        self._removals = RemovalConsumer(settings.host, graveyard)
        self._intake = Intake(
            service,
            attempts=self._attempts,
            settlement=settlement,
            obstacles=obstacles,
            presence=self._presence,
        )

    def drain(self) -> None:
        """Take no more, finish the step at hand, and return from `run`; told again, give the step back now."""
        if self._told.is_set():
            self._hurried.set()
            return
        log.info("draining")
        self._supervisor.stopping(self._drain_timeout)
        self._told.set()
        self._draining.set()

    async def run(self) -> None:
        """Until drained. The step at hand has DRAIN_TIMEOUT seconds then; else it is given back by doing nothing.

        Raises Worn when the process should be replaced, once the step at hand is settled, however long that takes.
        """
        self._store.prepare()
        for gap in gaps():
            log.warning("the sandbox is not whole on this kernel: %s", gap)
        if crashed := self._fuse.inspect():
            log.error("the last process of this worker ended in step %s", crashed)
            if self._store.manifest(crashed):
                self._fuse.forgive(crashed)
        async with self._child, beside(self._supervisor.keep_watchdog()), beside(self._watch_growth()):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None) as limit, beside(self._limit_drain(limit)):
                    await keep_session(
                        self._broker,
                        self._draining,
                        serve=self._serve,
                        waiting=self._presence.wait_for,
                        busy=lambda: self._attempts.busy_with is not None,
                    )
            await self._attempts.give_back()
        if self._worn and not self._told.is_set():
            raise Worn(self._worn)

    async def _serve(self, session: Session) -> None:
        """One session: steps, dead letters, cancellations and signs of life, until it is lost or the worker drained."""
        await session.declare(self._topology)
        if limit := consumer_timeout.warning(session.version, self._job_timeout):
            log.warning("%s", limit)
        self._presence.attach(session)
        async with asyncio.TaskGroup() as tasks:
            works = (self._dead_letters.run, self._cancellations.run, self._removals.run, self.signs.beat)
            others = [tasks.create_task(work(session)) for work in works]
            await self._intake.take(session, self._draining)
            for task in others:
                task.cancel()

    async def _limit_drain(self, limit: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        await self._told.wait()
        limit.reschedule(loop.time() + (0 if self._attempts.waiting_for_room else self._drain_timeout))
        await self._hurried.wait()
        limit.reschedule(loop.time())

    async def _watch_growth(self) -> None:
        """The child is watched between steps; this is about the worker, and only under systemd a process of its own."""
        if self._supervisor.listens:
            self._worn = await until_worn()
            log.warning("a fresh process takes over after the step at hand: %s", self._worn)
            self._draining.set()
