"""The floor: the least that pika's asyncio adapter can do for the same promise, without a child, a store or a log.

A job is taken (prefetch 1) and run, one result is published and confirmed, then the job is acked. Queues, bindings and
the size of the messages are clipmill's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

from bench.messaging import job
from bench.messaging.apps import clipmill_app
from bench.messaging.apps.clipmill_app import SERVICE, WINDOW
from bench.messaging.job import Job
from bench.messaging.sender import Sender
from clipmill import topology

_PERSISTENT = 2


async def work(url: str) -> None:
    """Until the connection is lost: whoever started it starts it again."""
    channel = await _open(url)
    closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    channel.add_on_close_callback(lambda *_: closed.set_result(None))
    worker = _Worker(channel)
    await _call(channel.confirm_delivery, ack_nack_callback=worker.on_confirmed)
    await _call(channel.basic_qos, prefetch_count=1)
    await _call(channel.basic_consume, queue=topology.work_queue(SERVICE), on_message_callback=worker.on_message)
    await closed


class _Worker:
    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._tag = 0

    def on_message(self, _channel: Any, method: Any, _properties: Any, body: bytes) -> None:
        step = json.loads(body)
        job.perform(**step["options"])
        self._tag = method.delivery_tag
        message = json.dumps(_result(step)).encode()
        properties = _properties_of(f"{step['stepId']}/result")
        self._channel.basic_publish(topology.RESULTS, f"result.{SERVICE}", message, properties, mandatory=True)

    def on_confirmed(self, _frame: Any) -> None:
        self._channel.basic_ack(self._tag)


def _result(step: dict[str, Any]) -> dict[str, Any]:
    """As long as clipmill's."""
    return {
        "type": "result",
        "id": f"{step['stepId']}/result",
        "queueName": topology.work_queue(SERVICE),
        "workerId": f"host/{SERVICE}@1",
        "timestamp": 1_700_000_000_000,
        "jobId": step["jobId"],
        "stepId": step["stepId"],
        "payload": {"results": [], "from": None, "noreply": False},
    }


class _Sender:
    """Publishes with up to WINDOW messages unconfirmed."""

    def __init__(self, runner: asyncio.Runner, channel: Any) -> None:
        self._runner = runner
        self._channel = channel
        self._room = asyncio.Event()
        self._sent = self._confirmed = 0
        runner.run(_call(channel.confirm_delivery, ack_nack_callback=self._on_confirmed))

    def send(self, jobs: Sequence[Job]) -> None:
        self._runner.run(self._send(jobs))

    async def _send(self, jobs: Sequence[Job]) -> None:
        for one in jobs:
            publication = clipmill_app.publication(one)
            properties = _properties_of(publication.message_id)
            self._channel.basic_publish(
                publication.exchange, publication.routing_key, publication.body, properties, mandatory=True
            )
            self._sent += 1
            await self._until_unconfirmed(WINDOW)
        await self._until_unconfirmed(0)

    async def _until_unconfirmed(self, most: int) -> None:
        while self._sent - self._confirmed > most:
            self._room.clear()
            await self._room.wait()

    def _on_confirmed(self, frame: Any) -> None:
        # delivery tags count from 1 as we do, and `multiple` means all up to this one
        self._confirmed = frame.method.delivery_tag if frame.method.multiple else self._confirmed + 1
        self._room.set()


@contextlib.contextmanager
def sender() -> Iterator[Sender]:
    """A window of a hundred unconfirmed messages."""
    with asyncio.Runner() as runner:
        session = runner.run(clipmill_app.open_session())  # makes the queues
        channel = runner.run(_open(os.environ["BROKER_URL"]))
        yield _Sender(runner, channel)
        runner.run(session.close())


def _properties_of(message_id: str | None) -> Any:
    return pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika leaves it untyped
        content_type="application/json", delivery_mode=_PERSISTENT, message_id=message_id
    )


async def _open(url: str) -> Any:
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[Any] = loop.create_future()
    AsyncioConnection(pika.URLParameters(url), on_open_callback=opened.set_result, custom_ioloop=loop)
    connection, channel = await opened, loop.create_future()
    connection.channel(on_open_callback=channel.set_result)
    return await channel


async def _call(method: Callable[..., Any], **words: Any) -> None:
    answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    method(**words, callback=answered.set_result)
    await answered


if __name__ == "__main__":
    asyncio.run(work(os.environ["BROKER_URL"]))
