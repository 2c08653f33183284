"""RabbitMQ through pika's asyncio adapter; pika and its exceptions never leave this module and its connection's."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.exceptions import AMQPError, ChannelWrongStateError, ConnectionWrongStateError

from clipmill.amqp_connection import HEARTBEAT_SECONDS, Connection, Streams
from clipmill.arrivals import Arrivals
from clipmill.flow import Flow
from clipmill.session import (
    BrokerRefused,
    BrokerUnreachable,
    Delivery,
    Publication,
    PublishRefused,
    SessionLost,
)
from clipmill.settings import BrokerAddress
from clipmill.topology import Arguments, Binding, Queue, Topology, arguments

log = logging.getLogger(__name__)

_HANDSHAKE_SECONDS = 15
_TCP_SECONDS = 5
_PROBE_SECONDS = 0.5
_GOODBYE_SECONDS = 5
_ANSWER_SECONDS = 60
_PERSISTENT, _TRANSIENT = 2, 1
_PRECONDITION_FAILED = 406


class RabbitBroker:
    """One RabbitMQ, as the settings name it."""

    def __init__(self, address: BrokerAddress, *, client: str = "clipmill") -> None:
        self.address = address
        self.name = str(address)
        self._client = client

    async def open(self) -> RabbitSession:
        """A new session. Raises BrokerUnreachable or BrokerRefused."""
        await self._tcp()
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[AsyncioConnection] = loop.create_future()
        connection = Connection(
            self._parameters(),
            on_open_callback=lambda opening: _fulfil(opened, opening),
            on_open_error_callback=lambda _, error: _fail(opened, BrokerRefused(_say(error))),
            custom_ioloop=Streams(loop),
        )
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                await opened
                return await RabbitSession.start(connection)
        except (TimeoutError, SessionLost) as error:
            _abort(connection)
            raise BrokerRefused(str(error) or f"no answer within {_HANDSHAKE_SECONDS} s") from None

    async def reachable(self) -> None:
        """Wait until a plain TCP connection succeeds."""
        while True:
            try:
                return await self._tcp()
            except BrokerUnreachable:
                # nothing tells us when a port opens: asking twice a second is the event
                await asyncio.sleep(_PROBE_SECONDS)

    async def _tcp(self) -> None:
        try:
            async with asyncio.timeout(_TCP_SECONDS):
                await _knock(self.address.host, self.address.port)
        except TimeoutError:
            raise BrokerUnreachable("no answer") from None
        except OSError as error:
            raise BrokerUnreachable(_say_os(error)) from None

    def _parameters(self) -> pika.ConnectionParameters:
        tls = pika.SSLOptions(ssl.create_default_context(), self.address.host) if self.address.tls else None
        return pika.ConnectionParameters(
            host=self.address.host,
            port=self.address.port,
            virtual_host=self.address.vhost,
            credentials=pika.PlainCredentials(self.address.user, self.address.password),
            heartbeat=HEARTBEAT_SECONDS,
            ssl_options=tls,
            client_properties={"connection_name": self._client},
        )


class _Window:
    """Publications whose confirmations are awaited together."""

    __slots__ = ("done", "left", "refused")

    def __init__(self, done: asyncio.Future[None], left: int) -> None:
        self.done = done
        self.left = left
        self.refused: list[str] = []

    def settle(self) -> None:
        self.left -= 1
        if self.left or self.done.done():
            return
        if self.refused:
            self.done.set_exception(PublishRefused("; ".join(self.refused)))
        else:
            self.done.set_result(None)


class RabbitSession:
    """One connection and its channel."""

    @classmethod
    async def start(cls, connection: AsyncioConnection) -> RabbitSession:
        """A session over an open connection: its channel, with publisher confirms, and one without for what is posted.

        (A confirmation that nobody waits for would wake the process up, at each heartbeat.)
        """
        session = cls(connection)
        session._channel, session._posts = await session._open_channel(), await session._open_channel()
        for channel in (session._channel, session._posts):
            channel.add_on_close_callback(session._on_channel_closed)
        session._channel.add_on_cancel_callback(session._on_cancelled)
        session._channel.add_on_return_callback(session._on_returned)
        await session._call(session._channel.confirm_delivery, ack_nack_callback=session._on_confirmed)
        return session

    def __init__(self, connection: AsyncioConnection) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._channel: Any = None
        self._posts: Any = None
        self._reason: str | None = None
        self._awaited: set[asyncio.Future[Any]] = set()
        self._windows: dict[int, tuple[_Window, Publication]] = {}
        self._published = 0
        self._numbers = itertools.count(1)
        self._consumers: set[_RabbitDeliveries] = set()
        self.unsettled: set[int] = set()
        self._end: asyncio.Future[str] = self._loop.create_future()
        self.flow = Flow()
        connection.add_on_connection_blocked_callback(lambda _, frame: self.flow.block(_blocked(frame)))
        connection.add_on_connection_unblocked_callback(lambda *_: self.flow.resume())
        self._disconnected = asyncio.Event()
        connection.add_on_close_callback(self._on_disconnected)
        self.version = _version(connection)

    # what the protocol asks for

    async def declare(self, topology: Topology) -> None:
        """Make what is missing; a queue that is there with other arguments is kept, with a warning."""
        for name, kind in topology.exchanges.items():
            await self._call(self._channel.exchange_declare, exchange=name, exchange_type=kind, durable=True)
        for queue in topology.queues:
            await self._declare_queue(queue)
        for binding in topology.bindings:
            await self._bind(binding)

    @asynccontextmanager
    async def consume(self, queue: str, *, prefetch: int) -> AsyncIterator[_RabbitDeliveries]:
        """Take deliveries from `queue`; leaving the block stops it."""
        await self._call(self._channel.basic_qos, prefetch_count=prefetch)
        deliveries = _RabbitDeliveries(self, queue, name=f"{queue}-{next(self._numbers)}")
        self._consumers.add(deliveries)
        await self._call(
            self._channel.basic_consume,
            queue=queue,
            on_message_callback=deliveries.on_message,
            consumer_tag=deliveries.name,
        )
        try:
            yield deliveries
        finally:
            await deliveries.stop()
            self._consumers.discard(deliveries)

    async def publish(self, *publications: Publication) -> None:
        """Publish all and return when each is confirmed. Raises PublishRefused or SessionLost."""
        self._check()
        if not publications:
            return
        window = _Window(self._future(), len(publications))
        for publication in publications:
            self._send(publication, _PERSISTENT, mandatory=True)
            self._windows[self._published] = (window, publication)
        await self._wait(window.done)

    def post(self, publication: Publication) -> None:
        """Publish without awaiting the confirmation; without a session it is dropped."""
        with contextlib.suppress(SessionLost):
            self._check()
            _publish(self._posts, publication, _TRANSIENT, mandatory=False)

    def ack(self, delivery: Delivery) -> None:
        """Settle a delivery of this session. Raises SessionLost for one of an earlier session."""
        self._check()
        if delivery.tag not in self.unsettled:
            raise SessionLost("the delivery belongs to an earlier session")
        self.unsettled.discard(delivery.tag)
        self._channel.basic_ack(delivery.tag)

    async def cancel(self, consumer: str) -> None:
        """Tell the broker to deliver no more to `consumer`."""
        await self._call(self._channel.basic_cancel, consumer_tag=consumer)

    async def depth(self, queue: str) -> int:
        """Messages that wait in `queue`."""
        answer = await self._call(self._channel.queue_declare, queue=queue, passive=True)
        return int(answer.method.message_count)

    async def delete(self, queue: str) -> None:
        """Remove a queue and whatever waits in it."""
        await self._call(self._channel.queue_delete, queue=queue)

    async def closed(self) -> str:
        """Wait until the session has ended; the reason."""
        return await asyncio.shield(self._end)

    async def close(self) -> None:
        """End the session; what is not acked comes again."""
        if self._connection.is_open:
            self._connection.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._disconnected.wait()

    # declaring

    async def _declare_queue(self, queue: Queue) -> None:
        """The queue as it is if it stands; else with all its arguments.

        With policies (`clipmill setup broker`) a queue stands with its type alone, so that an old client's plain
        durable declare passes. Each try runs on a channel of its own, since the broker closes it on a 404 or 406.
        """
        whole = arguments(queue, version=self.version)
        if not await self._try_declare(queue.name, passive=True):
            await self._try_declare(queue.name, arguments=whole)
        elif not await self._stands_as(queue.name, {"x-queue-type": queue.kind}, whole):
            log.warning("queue %s stands with other arguments than ours; it is kept as it is", queue.name)

    async def _stands_as(self, name: str, *candidates: Arguments) -> bool:
        """Whether the queue stands with one of these arguments."""
        for candidate in candidates:
            if await self._try_declare(name, arguments=candidate):
                return True
        return False

    async def _try_declare(self, name: str, *, passive: bool = False, arguments: Arguments | None = None) -> bool:
        channel = await self._open_channel()
        declared: asyncio.Future[bool] = self._future()
        channel.add_on_close_callback(lambda *_: _fulfil(declared, False))
        channel.queue_declare(
            queue=name,
            passive=passive,
            durable=True,
            arguments=arguments,
            callback=lambda _: _fulfil(declared, True),
        )
        stands = bool(await self._answer(declared))
        if stands:
            channel.close()
        return stands

    async def _bind(self, binding: Binding) -> None:
        await self._call(
            self._channel.queue_bind, queue=binding.queue, exchange=binding.exchange, routing_key=binding.key
        )

    async def _open_channel(self) -> Any:
        opened: asyncio.Future[Any] = self._future()
        self._connection.channel(on_open_callback=lambda channel: _fulfil(opened, channel))
        return await self._answer(opened)

    # publishing

    def _send(self, publication: Publication, delivery_mode: int, *, mandatory: bool) -> None:
        _publish(self._channel, publication, delivery_mode, mandatory=mandatory)
        self._published += 1

    def _on_confirmed(self, frame: Any) -> None:
        tag, refused = frame.method.delivery_tag, isinstance(frame.method, pika.spec.Basic.Nack)
        tags = [known for known in self._windows if known <= tag] if frame.method.multiple else [tag]
        for known in tags:
            # nobody waits for a tag without a window
            window, publication = self._windows.pop(known, (None, None))
            if window and publication:
                if refused:
                    window.refused.append(f"the broker did not take a message for {_target(publication)}")
                window.settle()

    def _on_returned(self, _channel: Any, method: Any, properties: Any, _body: bytes) -> None:
        """An unroutable message comes back before it is confirmed; the confirmation alone would look like success."""
        for window, publication in self._windows.values():
            same = (publication.exchange, publication.routing_key, publication.message_id)
            if same == (method.exchange, method.routing_key, properties.message_id):
                window.refused.append(f"no queue takes messages for {_target(publication)}")
                return

    # ending

    def _on_disconnected(self, _connection: Any, error: BaseException) -> None:
        self._on_lost(_say(error))
        self._disconnected.set()

    def _on_channel_closed(self, _channel: Any, error: BaseException) -> None:
        self._on_lost(_say(error))
        if self._connection.is_open:
            self._connection.close()

    def _on_cancelled(self, frame: Any) -> None:
        self._on_lost(f"the broker ended the consumer {frame.method.consumer_tag}: its queue is gone or moves")
        self._connection.close()

    def _on_lost(self, reason: str) -> None:
        """The one place where a session ends: everything that waits on it is told."""
        if self._reason is not None:
            return
        self._reason = reason
        for consumer in self._consumers:
            consumer.end(SessionLost(reason))
        for future in list(self._awaited):
            _fail(future, SessionLost(reason))
        self._end.set_result(reason)

    # awaiting pika's callbacks

    def _check(self) -> None:
        if self._reason is not None:
            raise SessionLost(self._reason)

    def _future(self) -> asyncio.Future[Any]:
        self._check()
        return self._loop.create_future()

    async def _wait(self, future: asyncio.Future[Any]) -> Any:
        self._awaited.add(future)
        try:
            return await future
        finally:
            self._awaited.discard(future)

    async def _call(self, method: Callable[..., Any], **words: Any) -> Any:
        future = self._future()
        try:
            method(**words, callback=lambda frame: _fulfil(future, frame))
        except AMQPError as error:
            raise SessionLost(_say(error)) from None
        return await self._answer(future)

    async def _answer(self, future: asyncio.Future[Any]) -> Any:
        """What the broker answers. One that keeps the connection up and answers nothing ends the session, too.

        A blocked connection is no such case: the broker reads nothing from it until its alarm is over.
        """
        self._awaited.add(future)
        try:
            while not future.done():
                await asyncio.wait({future}, timeout=_ANSWER_SECONDS)
                if not future.done() and not self.flow.reason:
                    self._on_lost(f"no answer within {_ANSWER_SECONDS} s")
                    self._connection.close()
            return future.result()
        finally:
            self._awaited.discard(future)


class _RabbitDeliveries(Arrivals):
    """The deliveries of one consumer."""

    def __init__(self, session: RabbitSession, queue: str, *, name: str) -> None:
        super().__init__()
        self.name = name
        self._session = session
        self._queue = queue

    def on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self._session.unsettled.add(method.delivery_tag)
        self.add(_delivery(self._queue, method, properties, body))

    async def stop(self) -> None:
        """basic.cancel. What has arrived and is not acked stays unacked: it comes again when the session ends."""
        if not self.ended:
            self.end()
            with contextlib.suppress(SessionLost):
                await self._session.cancel(self.name)


async def _knock(host: str, port: int) -> None:
    """Open and close a TCP connection. Raises OSError: that of the last address, where the name has several."""
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, kind, _, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind) as knocking:
            knocking.setblocking(False)
            try:
                return await loop.sock_connect(knocking, address)
            except OSError as error:
                failure = error
    raise failure or OSError("no address")


def _publish(channel: Any, publication: Publication, delivery_mode: int, *, mandatory: bool) -> None:
    properties = pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika leaves it untyped
        content_type="application/json",
        delivery_mode=delivery_mode,
        message_id=publication.message_id,
        headers=dict(publication.headers) or None,
        reply_to=publication.reply_to,
    )
    try:
        channel.basic_publish(
            publication.exchange, publication.routing_key, publication.body, properties, mandatory=mandatory
        )
    except (ChannelWrongStateError, ConnectionWrongStateError) as error:
        raise SessionLost(_say(error)) from None


def _delivery(queue: str, method: Any, properties: Any, body: bytes) -> Delivery:
    return Delivery(
        body=body,
        queue=queue,
        tag=method.delivery_tag,
        redelivered=method.redelivered,
        message_id=_text(properties.message_id),
        reply_to=_text(properties.reply_to),
        headers={name: _plain(value) for name, value in (properties.headers or {}).items()},
    )


def _plain(value: object) -> object:
    """pika gives integers of 64 bits as a class of its own, which is no JSON."""
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(value: str | bytes | None) -> str | None:
    """pika gives a string that is no UTF-8 as bytes: it names nothing that we could repeat."""
    return value if isinstance(value, str) else None


def _version(connection: AsyncioConnection) -> str:
    version = (connection.server_properties or {}).get("version", "0")
    return version.decode() if isinstance(version, bytes) else str(version)


def _blocked(frame: Any) -> str:
    reason = frame.method.reason
    return f"the broker takes no messages: {reason.decode() if isinstance(reason, bytes) else reason}"


def _fulfil(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():
        future.set_result(value)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
        # looked at, as asyncio sees it: whoever waits for it may be cancelled first
        future.exception()


def _abort(connection: AsyncioConnection) -> None:
    if not (connection.is_closed or connection.is_closing):
        connection.close()


def _target(publication: Publication) -> str:
    return publication.routing_key if not publication.exchange else f"{publication.exchange}/{publication.routing_key}"


def _say(error: BaseException) -> str:
    """pika's errors as one short sentence."""
    code, text = getattr(error, "reply_code", None), getattr(error, "reply_text", None)
    if text:
        return f"{text} ({code})"
    cause = error.args[0] if error.args and isinstance(error.args[0], BaseException) else None
    if cause:
        return _say(cause)
    # a handshake that the broker ended is told as "ConnectionClosedByBroker: (403) 'ACCESS_REFUSED - Login was …'"
    told = re.search(r"\((\d{3})\) ['\"](.+?)['\"]$", str(error))
    return f"{told[2]} ({told[1]})" if told else (str(error) or type(error).__name__)


def _say_os(error: OSError) -> str:
    return {"ConnectionRefusedError": "refused"}.get(type(error).__name__, (error.strerror or str(error)).lower())
