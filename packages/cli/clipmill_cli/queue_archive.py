"""A file that holds what waits in the queues: one message a line, as JSON, between a head and a counted end."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from clipmill import messages, topology
from clipmill.messages import MalformedMessage
from clipmill.session import Delivery, Publication
from clipmill_cli.trouble import Trouble

_FORMAT = "clipmill queues 1"


class Kept(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One message of a queue."""

    queue: str
    body: bytes
    """In base64, for not every body is text."""
    message_id: str | None = None
    reply_to: str | None = None
    headers: dict[str, str | int | bool] = {}  # a msgspec default, copied for each

    @classmethod
    def of(cls, delivery: Delivery) -> Kept:
        """Without what brokers write into headers: another one begins to count anew."""
        ours: dict[str, Any] = {key: value for key, value in delivery.headers.items() if _is_ours(key, value)}
        return cls(
            queue=delivery.queue,
            body=delivery.body,
            message_id=delivery.message_id,
            reply_to=delivery.reply_to,
            headers=ours,
        )

    def publication(self) -> Publication:
        """What puts it back: directly, or by way of a rung's own exchange, which keeps the service as routing key."""
        rung = self.queue in topology.ladder().exchanges
        return Publication(
            exchange=self.queue if rung else topology.DEFAULT_EXCHANGE,
            routing_key=self._service() if rung else self.queue,
            body=self.body,
            message_id=self.message_id,
            reply_to=self.reply_to,
            headers=self.headers,
        )

    def _service(self) -> str:
        try:
            return messages.read_step(messages.read_object(self.body)).service
        except MalformedMessage as error:
            raise Trouble(f"a message of {self.queue} is no step: {error}") from None


def write(path: Path, kept: Iterable[Kept]) -> int:
    """Write the archive, whole or not at all, readable for its owner alone; how many messages it holds."""
    beside = path.with_name(f".{path.name}.new")
    count = 0
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode({"format": _FORMAT}) + b"\n")
        for count, message in enumerate(kept, start=1):  # noqa: B007  # the last count is what is wanted
            file.write(msgspec.json.encode(message) + b"\n")
        file.write(msgspec.json.encode({"messages": count}) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return count


def read(path: Path) -> list[Kept]:
    """Everything in an archive. Raises Trouble when it is none, or not whole."""
    try:
        head, *lines, end = list(_lines(path))
        kept = [msgspec.json.decode(line, type=Kept) for line in lines]
        whole = msgspec.json.decode(head) == {"format": _FORMAT} and msgspec.json.decode(end) == {"messages": len(kept)}
    except (ValueError, msgspec.DecodeError) as error:
        raise Trouble(f"{path} is no archive of queues: {error}") from None
    if not whole:
        raise Trouble(f"{path} is not whole: its end is missing, or it was made by another version")
    return kept


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _is_ours(key: str, value: object) -> bool:
    return isinstance(value, str | int | bool) and key not in _BROKERS


_BROKERS = {"x-delivery-count", "x-acquired-count", "x-first-death-exchange", "x-first-death-queue"} | {
    "x-first-death-reason",
    "x-last-death-exchange",
    "x-last-death-queue",
    "x-last-death-reason",
}
