"""What clipmill asks of a broker, whichever it is: one small protocol that RabbitMQ and the in-process broker keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from clipmill.flow import Flow
from clipmill.topology import Topology


class BrokerError(Exception):
    """Base of what a broker can do to us."""


class BrokerUnreachable(BrokerError):
    """Nothing listens there, or the network is cut: a plain TCP connection fails."""


class BrokerRefused(BrokerError):
    """Something listens, but the handshake failed: wrong credentials, no such vhost, still starting."""


class SessionLost(BrokerError):
    """The session ended: connection cut, channel closed by the broker. Whatever was not acked comes again."""


class PublishRefused(BrokerError):
    """The broker did not take a message: nacked (a queue is full or has lost its quorum) or unroutable."""


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A message to be published."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str | None = None
    headers: dict[str, str | int | bool] = field(default_factory=dict)
    reply_to: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Delivery:
    """One handing-over of a message by the broker; settled once, by an ack, or not at all."""

    body: bytes
    queue: str
    tag: int
    redelivered: bool = False
    message_id: str | None = None
    reply_to: str | None = None
    headers: dict[str, object] = field(default_factory=dict)


class Deliveries(Protocol):
    """The deliveries of one consumer, in order."""

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Deliveries as they come; ends after `stop`, raises SessionLost when the session does."""

    def waiting(self) -> list[Delivery]:
        """Those that have arrived and were not iterated yet, taken out (for consumers that work in batches)."""

    async def stop(self) -> None:
        """Tell the broker to deliver no more (basic.cancel). What has arrived and is not acked comes again later."""


class Session(Protocol):
    """One connection and channel: everything on it ends together."""

    version: str
    """The broker's version, such as "4.0.5"."""
    flow: Flow
    """Blocked while the broker takes no messages (its memory or disk alarm)."""

    async def declare(self, topology: Topology) -> None:
        """Make the exchanges, queues and bindings that are missing; what is there stays as it is."""

    def consume(self, queue: str, *, prefetch: int) -> AbstractAsyncContextManager[Deliveries]:
        """Take deliveries from `queue`, at most `prefetch` of them unsettled; leaving the block stops it."""

    async def publish(self, *publications: Publication) -> None:
        """Publish all, persistent and mandatory, and return when the broker has confirmed each.

        Raises PublishRefused when one was nacked or unroutable, SessionLost when that can no longer be known.
        """

    def post(self, publication: Publication) -> None:
        """Publish without confirmation: heartbeats, metrics and progress, whose loss nobody minds."""

    def ack(self, delivery: Delivery) -> None:
        """Settle a delivery. Raises SessionLost when it belongs to an earlier session."""

    async def depth(self, queue: str) -> int:
        """Messages that wait in `queue`."""

    async def delete(self, queue: str) -> None:
        """Remove a queue and whatever waits in it; one that is not there is no error."""

    async def closed(self) -> str:
        """Wait until the session has ended; the reason."""

    async def close(self) -> None:
        """End the session."""


class Broker(Protocol):
    """Where sessions come from."""

    name: str
    """For people: HOST:PORT, or "in-process"."""

    async def open(self) -> Session:
        """A new session. Raises BrokerUnreachable or BrokerRefused."""

    async def reachable(self) -> None:
        """Wait until a plain TCP connection succeeds (it is tried twice a second)."""
