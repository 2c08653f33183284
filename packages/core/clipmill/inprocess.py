"""A broker inside this process, for the embedded fleet and tests; the contract suite holds it to RabbitMQ's ways."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from clipmill.arrivals import Arrivals
from clipmill.flow import Flow
from clipmill.session import BrokerUnreachable, Delivery, Publication, PublishRefused, SessionLost
from clipmill.topology import DEFAULT_EXCHANGE, Queue, Topology


class InProcessBroker:
    """Exchanges and queues that live as long as this object does."""

    name = "in-process"
    version = "in-process"

    def __init__(self) -> None:
        self.up = True
        self.flow = Flow()
        self.exchanges: dict[str, str] = {DEFAULT_EXCHANGE: "direct"}
        self.queues: dict[str, _Queue] = {}
        self.bindings: list[tuple[str, str, str]] = []
        self.sessions: set[InProcessSession] = set()
        self._back = asyncio.Event()

    async def open(self) -> InProcessSession:
        """A new session. Raises BrokerUnreachable while the broker is stopped."""
        if not self.up:
            raise BrokerUnreachable("stopped")
        session = InProcessSession(self)
        self.sessions.add(session)
        return session

    async def reachable(self) -> None:
        """Wait until the broker is up."""
        if not self.up:
            await self._back.wait()

    def stop(self) -> None:
        """What a broker's stop does to its clients: every session ends; messages stay."""
        self.up = False
        self._back.clear()
        self.cut("stopped")

    def start(self) -> None:
        """Take sessions again."""
        self.up = True
        self._back.set()

    def cut(self, reason: str = "connection cut") -> None:
        """End every session, as a cut network does."""
        for session in list(self.sessions):
            session.lose(reason)

    def declare(self, topology: Topology) -> None:
        """Make what is missing."""
        self.exchanges |= topology.exchanges
        for queue in topology.queues:
            if queue.name not in self.queues:
                self.queues[queue.name] = _Queue(self, queue)
            self.queues[queue.name].rest()
        for binding in topology.bindings:
            entry = (binding.exchange, binding.key, binding.queue)
            if entry not in self.bindings:
                self.bindings.append(entry)

    def delete(self, name: str) -> None:
        """Remove a queue and its bindings; its consumers are told, as by a broker that ends a consumer."""
        gone = self.queues.pop(name, None)
        self.bindings = [binding for binding in self.bindings if binding[2] != name]
        for consumer in list(gone.consumers) if gone else []:
            consumer.lose(f"the broker ended the consumer: queue {name} is gone")

    def route(self, exchange: str, routing_key: str) -> list[_Queue]:
        """The queues that get a message."""
        if exchange == DEFAULT_EXCHANGE:
            return [self.queues[routing_key]] if routing_key in self.queues else []
        kind = self.exchanges.get(exchange, "direct")
        names = [q for source, key, q in self.bindings if source == exchange and _matches(kind, key, routing_key)]
        return [self.queues[name] for name in dict.fromkeys(names)]


@dataclass(eq=False)
class _Message:
    publication: Publication
    deliveries: int = 0


@dataclass(eq=False)
class _Queue:
    """A queue: messages in order, those handed over and not settled, and the consumers that take turns."""

    broker: InProcessBroker
    spec: Queue
    ready: deque[_Message] = field(default_factory=deque)
    consumers: deque[_InProcessDeliveries] = field(default_factory=deque)
    expiry: asyncio.TimerHandle | None = None

    def join(self, consumer: _InProcessDeliveries) -> None:
        self.consumers.append(consumer)
        self.rest()
        self.hand_out()

    def leave(self, consumer: _InProcessDeliveries) -> None:
        if consumer in self.consumers:
            self.consumers.remove(consumer)
            self.rest()

    def rest(self) -> None:
        """Without a consumer its time to expire runs from now on, where it has one."""
        if self.expiry:
            self.expiry.cancel()
        if self.spec.expires_ms is not None and not self.consumers:
            loop = asyncio.get_running_loop()
            self.expiry = loop.call_later(self.spec.expires_ms / 1000, self.broker.delete, self.spec.name)

    def put(self, message: _Message) -> None:
        self.ready.append(message)
        if self.spec.max_length is not None and len(self.ready) > self.spec.max_length:
            self.ready.popleft()
        if self.spec.ttl_ms is not None:
            asyncio.get_running_loop().call_later(self.spec.ttl_ms / 1000, self._expire, message)
        self.hand_out()

    def give_back(self, message: _Message) -> None:
        limit = self.spec.delivery_limit
        if limit is not None and message.deliveries > limit:
            self._dead_letter(message)
        else:
            self.ready.appendleft(message)

    def hand_out(self) -> None:
        """Deliver what waits to consumers that have room, in turn."""
        idle = 0
        while self.ready and idle < len(self.consumers):
            consumer = self.consumers[0]
            self.consumers.rotate(-1)
            if consumer.has_room():
                consumer.receive(self.ready.popleft())
                idle = 0
            else:
                idle += 1

    def _expire(self, message: _Message) -> None:
        if message in self.ready:
            self.ready.remove(message)
            self._dead_letter(message)

    def _dead_letter(self, message: _Message) -> None:
        spec, publication = self.spec, message.publication
        if not (spec.dead_letter_to or spec.dead_letter_exchange):
            return
        key = spec.dead_letter_to or publication.routing_key
        for queue in self.broker.route(spec.dead_letter_exchange, key):
            queue.put(_Message(publication))


class InProcessSession:
    """What a connection and its channel are to RabbitMQ."""

    version = InProcessBroker.version

    def __init__(self, broker: InProcessBroker) -> None:
        self.flow = broker.flow
        self._broker = broker
        self._tags = itertools.count(1)
        self._unsettled: dict[int, tuple[_InProcessDeliveries, _Message]] = {}
        self._consumers: set[_InProcessDeliveries] = set()
        self._end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def declare(self, topology: Topology) -> None:
        """Make what is missing."""
        self._check()
        self._broker.declare(topology)

    @asynccontextmanager
    async def consume(self, queue: str, *, prefetch: int) -> AsyncIterator[_InProcessDeliveries]:
        """Take deliveries from `queue`; leaving the block stops it."""
        self._check()
        if queue not in self._broker.queues:
            self.lose(f"no queue {queue!r}")
            self._check()
        deliveries = _InProcessDeliveries(self, self._broker.queues[queue], prefetch)
        self._consumers.add(deliveries)
        deliveries.source.join(deliveries)
        try:
            yield deliveries
        finally:
            await deliveries.stop()

    async def publish(self, *publications: Publication) -> None:
        """Publish all. Raises PublishRefused when one reaches no queue."""
        self._check()
        await self.flow.open.wait()
        refused = [publication for publication in publications if not self._send(publication)]
        # the turn of the loop that a real broker's confirmation takes: others run in between
        await asyncio.sleep(0)
        self._check()
        if refused:
            raise PublishRefused(
                "; ".join(f"no queue takes messages for {p.exchange}/{p.routing_key}" for p in refused)
            )

    def post(self, publication: Publication) -> None:
        """Publish; whether it arrives does not matter."""
        if not self._end.done():
            self._send(publication)

    def ack(self, delivery: Delivery) -> None:
        """Settle a delivery. Raises SessionLost for one of an earlier session."""
        self._check()
        if delivery.tag not in self._unsettled:
            raise SessionLost("the delivery belongs to an earlier session")
        deliveries, _ = self._unsettled.pop(delivery.tag)
        deliveries.unsettled -= 1
        deliveries.source.hand_out()

    async def depth(self, queue: str) -> int:
        """Messages that wait in `queue`."""
        self._check()
        return len(self._broker.queues[queue].ready)

    async def delete(self, queue: str) -> None:
        """Remove a queue and whatever waits in it."""
        self._check()
        self._broker.delete(queue)

    async def closed(self) -> str:
        """Wait until the session has ended; the reason."""
        return await asyncio.shield(self._end)

    async def close(self) -> None:
        """End the session; what is not acked comes again."""
        self.lose("closed")

    def lose(self, reason: str) -> None:
        """End the session: its consumers are told, its unsettled messages go back to the head of their queues."""
        if self._end.done():
            return
        self._end.set_result(reason)
        self._broker.sessions.discard(self)
        for deliveries in list(self._consumers):
            deliveries.end(SessionLost(reason))
        for deliveries, message in reversed(self._unsettled.values()):
            deliveries.source.give_back(message)
        for queue in {deliveries.source for deliveries in self._consumers}:
            queue.hand_out()

    def hand_over(self, deliveries: _InProcessDeliveries, message: _Message) -> Delivery:
        """A delivery of `message`, which is unsettled from now on."""
        tag = next(self._tags)
        self._unsettled[tag] = (deliveries, message)
        message.deliveries += 1
        publication = message.publication
        return Delivery(
            body=publication.body,
            queue=deliveries.source.spec.name,
            tag=tag,
            redelivered=message.deliveries > 1,
            message_id=publication.message_id,
            reply_to=publication.reply_to,
            headers=dict(publication.headers),
        )

    def _send(self, publication: Publication) -> bool:
        queues = self._broker.route(publication.exchange, publication.routing_key)
        for queue in queues:
            queue.put(_Message(publication))
        return bool(queues)

    def _check(self) -> None:
        if self._end.done():
            raise SessionLost(self._end.result())


class _InProcessDeliveries(Arrivals):
    """The deliveries of one consumer."""

    def __init__(self, session: InProcessSession, source: _Queue, prefetch: int) -> None:
        super().__init__()
        self.source = source
        self.unsettled = 0
        self._session = session
        self._prefetch = prefetch

    def has_room(self) -> bool:
        return self.unsettled < self._prefetch

    def receive(self, message: _Message) -> None:
        self.unsettled += 1
        self.add(self._session.hand_over(self, message))

    def end(self, lost: SessionLost | None = None) -> None:
        super().end(lost)
        self.source.leave(self)

    def lose(self, reason: str) -> None:
        self._session.lose(reason)

    async def stop(self) -> None:
        """Deliver no more."""
        self.end()


def _matches(kind: str, pattern: str, routing_key: str) -> bool:
    if kind == "fanout":
        return True
    if kind == "direct":
        return pattern == routing_key
    return _matches_topic(pattern.split("."), routing_key.split("."))


def _matches_topic(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return _matches_topic(pattern[1:], words) or bool(words and _matches_topic(pattern, words[1:]))
    return bool(words) and pattern[0] in ("*", words[0]) and _matches_topic(pattern[1:], words[1:])
