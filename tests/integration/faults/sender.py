"""A producer that stops at nothing: it sends what pika would not encode, but other clients do."""

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pika
import pika.data
from pika.adapters.blocking_connection import BlockingChannel

from tests.integration.faults.fleet import TOLD
from tests.integration.faults.hostile import Message, Timestamp


class Sender:
    """One channel."""

    def __init__(self, channel: BlockingChannel) -> None:
        self._channel = channel

    def send(self, messages: Iterable[tuple[str, str, Message]]) -> int:
        """Publish (exchange, routing key, message); how many, once the broker has them all."""
        count = 0
        for exchange, key, message in messages:
            properties = pika.BasicProperties(**message.properties)  # type: ignore[no-untyped-call]  # pika's own
            self._channel.basic_publish(exchange, key, message.body, properties)
            count += 1
        # what was said on this channel before has been done when this is answered
        self._channel.queue_declare(TOLD, passive=True)
        return count

    def forget(self, queue: str) -> None:
        """Empty a queue."""
        self._channel.queue_purge(queue)


@contextmanager
def sender(url: str) -> Iterator[Sender]:
    """Connected during the block."""
    with mock.patch("pika.data.encode_value", _encode_value):
        connection = pika.BlockingConnection(pika.URLParameters(f"{url}?heartbeat=0"))
        try:
            yield Sender(connection.channel())
        finally:
            connection.close()


_pika_encodes = pika.data.encode_value


def _encode_value(pieces: list[bytes], value: Any) -> int:
    """Floats too, and times beyond the year 9999, as other clients send them."""
    if isinstance(value, float):
        pieces.append(struct.pack(">cd", b"d", value))
        return 9
    if isinstance(value, Timestamp):
        pieces.append(struct.pack(">cQ", b"T", value))
        return 9
    return _pika_encodes(pieces, value)
