"""pika's connection, mended: whole messages go out at once, silence is noticed, odd properties hurt nobody."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection, _AsyncioIOServicesAdapter
from pika.exceptions import InvalidFrameError
from pika.frame import Header
from pika.heartbeat import HeartbeatChecker

log = logging.getLogger(__name__)

# RabbitMQ says something at least so often (it looks twice in that time whether it has); its default is 60 s.
HEARTBEAT_SECONDS = 18
# Whoever is silent for longer is gone. We look when we send our own heartbeats, every 9 s: within 28 s in all.
_SILENCE_SECONDS = 19
_READ_BYTES = 64 << 10


class Connection(AsyncioConnection):
    """pika sends each frame with a system call and in a packet of its own, three a message: here the first thing that
    is said goes at once, and what else is said in the same turn of the loop goes together.
    """

    def __init__(self, *words: Any, **named: Any) -> None:
        self._later: list[bytes] | None = None
        self._heard = 0.0
        super().__init__(*words, **named)

    @property
    def silent_for(self) -> float:
        """Seconds since the broker last said anything."""
        return time.monotonic() - self._heard

    def _on_data_available(self, data_in: bytes) -> None:
        self._heard = time.monotonic()
        super()._on_data_available(data_in)

    def _create_heartbeat_checker(self) -> HeartbeatChecker:
        return _Heartbeats(self, self.params.heartbeat)  # type: ignore[no-untyped-call]  # pika leaves it untyped

    def _read_frame(self) -> tuple[int, Any]:
        """A message whose properties pika cannot decode comes without any, and is read by its body.

        (A header with a time beyond the year 9999, from a producer that takes AMQP's seconds for milliseconds, would
        else end the session of each consumer that it is delivered to.)
        """
        try:
            return super()._read_frame()
        except InvalidFrameError:
            raise
        except Exception as error:  # noqa: BLE001  # pika lets through whatever decoding raises
            return _without_properties(self._frame_buffer, error)

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        super()._output_marshaled_frames([b"".join(marshaled_frames)])

    def _adapter_emit_data(self, data: bytes) -> None:
        if self._later is None:
            self._later = []
            asyncio.get_running_loop().call_soon(self._end_turn)
            super()._adapter_emit_data(data)
        else:
            self._later.append(data)

    def _end_turn(self) -> None:
        later, self._later = self._later, None
        if later and not self.is_closed:
            super()._adapter_emit_data(b"".join(later))


class Streams(_AsyncioIOServicesAdapter):
    """Plain connections over asyncio's own transport, which writes at once and reads once. pika's asks the loop to tell
    when the socket takes something before each write, takes that back afterwards, and reads until there is nothing.
    """

    def create_streaming_connection(
        self,
        protocol_factory: Callable[[], Any],
        sock: socket.socket,
        on_done: Callable[[Any], None],
        ssl_context: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
    ) -> Any:
        """As pika asks for it: `on_done` is given (transport, protocol), or what went wrong."""
        if ssl_context:
            return super().create_streaming_connection(protocol_factory, sock, on_done, ssl_context, server_hostname)
        return self._schedule_and_wrap_in_io_ref(_stream(protocol_factory, sock), on_done)


async def _stream(protocol_factory: Callable[[], Any], sock: socket.socket) -> tuple[Any, Any]:
    transport, protocol = await asyncio.get_running_loop().create_connection(protocol_factory, sock=sock)
    # of asyncio's 256 KiB malloc would map new memory for each read, and unmap it again
    transport.max_size = _READ_BYTES  # type: ignore[attr-defined]
    # pika's protocol knows nothing of a transport that asks it to pause
    transport.set_write_buffer_limits(high=sys.maxsize)
    return transport, protocol


class _Heartbeats(HeartbeatChecker):
    """Looks whether the broker is silent whenever it sends: pika looks seldom, and notices after 23 to 46 s.

    (A timer of its own would wake the process up again and again.)
    """

    _connection: Connection

    def _send_heartbeat(self) -> None:
        if self._connection.silent_for > _SILENCE_SECONDS:
            self._close_connection()  # type: ignore[no-untyped-call]
        else:
            super()._send_heartbeat()  # type: ignore[no-untyped-call]

    def _start_check_timer(self) -> None:
        """There is none."""


def _without_properties(data: bytes, error: Exception) -> tuple[int, Header]:
    """The content header at the beginning of `data`, and how many bytes it takes (AMQP 0-9-1, 2.3.5.2)."""
    kind, channel, size = struct.unpack_from(">BHL", data)
    if kind != pika.spec.FRAME_HEADER:
        raise error
    log.warning("the properties of a message are left out: %s", error)
    (body_size,) = struct.unpack_from(">Q", data, pika.spec.FRAME_HEADER_SIZE + 4)
    whole = pika.spec.FRAME_HEADER_SIZE + size + pika.spec.FRAME_END_SIZE
    return whole, Header(channel, body_size, pika.BasicProperties())  # type: ignore[no-untyped-call]
