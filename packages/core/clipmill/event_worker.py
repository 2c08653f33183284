"""Runs an event consumer (notifier, manager): events in batches, acked after their durable commit; no child."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from clipmill import events, process, topology
from clipmill.beside import beside
from clipmill.broker import RabbitBroker
from clipmill.event_consumer import PREFETCH, EventConsumer
from clipmill.events import Event
from clipmill.messages import MalformedMessage
from clipmill.presence import Presence
from clipmill.reconnect import keep_session
from clipmill.session import Broker, Delivery, Session
from clipmill.settings import Settings
from clipmill.settlement import settle
from clipmill.systemd import Supervisor
from clipmill.vital_signs import Stopwatch, VitalSigns

log = logging.getLogger(__name__)


def main(service: str, make: Callable[[Settings], EventConsumer]) -> None:
    """Run the event consumer of `service` that `make` gives, as systemd starts it."""

    def worker(settings: Settings) -> EventWorker:
        consumer = make(settings)
        broker = RabbitBroker(settings.broker, client=service)
        return EventWorker(consumer, broker=broker, settings=settings, supervisor=Supervisor())

    process.run(process.unit_name(service), worker)


class EventWorker:
    """The frame around an EventConsumer: its sessions, its batches, its signs of life."""

    def __init__(self, consumer: EventConsumer, *, broker: Broker, settings: Settings, supervisor: Supervisor) -> None:
        self._consumer = consumer
        self._broker = broker
        self._supervisor = supervisor
        self._draining = asyncio.Event()
        self.signs = VitalSigns(
            worker=f"{settings.host}/{consumer.service}",
            service=consumer.service,
            host=settings.host,
            child_pid=lambda: None,
        )
        self._presence = Presence(self.signs, supervisor)

    def drain(self) -> None:
        """Take no more events and return from `run`; what is not acked comes again."""
        self._supervisor.stopping()
        self._draining.set()

    async def run(self) -> None:
        """Until drained."""
        await self._consumer.start()
        try:
            async with beside(self._supervisor.keep_watchdog()):
                await keep_session(self._broker, self._draining, serve=self._serve, waiting=self._presence.wait_for)
        finally:
            await self._consumer.stop()

    async def _serve(self, session: Session) -> None:
        await session.declare(topology.results())
        self._presence.attach(session)
        async with asyncio.TaskGroup() as tasks:
            others = [tasks.create_task(self._take(session, queue)) for queue in self._consumer.queues]
            others += [tasks.create_task(self._consumer.beside(session)), tasks.create_task(self.signs.beat(session))]
            self._presence.idle(f"idle: waiting for events on {', '.join(self._consumer.queues)}")
            await self._draining.wait()
            for task in others:
                task.cancel()

    async def _take(self, session: Session, queue: str) -> None:
        async with session.consume(queue, prefetch=PREFETCH) as deliveries:
            async for first in deliveries:
                await self._take_batch(session, [first, *deliveries.waiting()])

    async def _take_batch(self, session: Session, batch: list[Delivery]) -> None:
        watch = Stopwatch()
        await self._consumer.take([event for event in map(_read, batch) if event], session)
        for delivery in batch:
            await settle(session, delivery)
        self.signs.tally.count_events(len(batch), watch.seconds)


def _read(delivery: Delivery) -> Event | None:
    """The event, or None for what is none of ours: said, and settled like the others, since nobody can use it."""
    try:
        return events.read_event(delivery.body)
    except MalformedMessage as error:
        log.warning("a message on %s is dropped: %s", delivery.queue, error)
        return None
