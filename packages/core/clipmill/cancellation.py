"""Cancelling a job: told to all workers at once, and kept as a tombstone that is looked at before a step starts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from clipmill import identifiers, log, topology
from clipmill.messages import MalformedMessage
from clipmill.session import Delivery, Publication, Session
from clipmill.settlement import settle
from clipmill.store import Store

_log = logging.getLogger(__name__)

_ROOM_SECONDS = 5


class Cancel(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="cancel", tag_field="type"):
    """Nobody wants this job any longer."""

    job_id: str


def cancel(job_id: str) -> Publication:
    """The publication that cancels a job."""
    return Publication(exchange=topology.CONTROL, routing_key="cancel", body=msgspec.json.encode(Cancel(job_id=job_id)))


def read(body: bytes) -> str:
    """The jobId that `body` cancels. Raises MalformedMessage."""
    try:
        job_id = msgspec.json.decode(body, type=Cancel).job_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(f"no cancellation: {error}") from None
    if not identifiers.is_job_id(job_id):
        raise MalformedMessage(f"{job_id!r:.100} is no jobId")
    return job_id


class CancellationConsumer:
    """Hears cancellations: those that are told to all, and those that were kept while nobody listened."""

    def __init__(self, worker: str, store: Store, on_cancel: Callable[[str], Awaitable[None]]) -> None:
        self._queues = (topology.control_queue(worker), topology.CANCELLATIONS_QUEUE)
        self._store = store
        self._on_cancel = on_cancel

    async def run(self, session: Session) -> None:
        """Until the session ends or this is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for queue in self._queues:
                tasks.create_task(self._listen(session, queue))

    async def _listen(self, session: Session, queue: str) -> None:
        async with session.consume(queue, prefetch=1) as deliveries:
            async for delivery in deliveries:
                await self._take(delivery)
                await settle(session, delivery)

    async def _take(self, delivery: Delivery) -> None:
        try:
            job_id = read(delivery.body)
        except MalformedMessage as error:
            _log.warning("dropped: %s", error)
            return
        with log.about_job(job_id, queue=delivery.queue):
            if await self._bury(job_id):
                _log.info("cancelled: its steps start no more")
            await self._on_cancel(job_id)

    async def _bury(self, job_id: str) -> bool:
        """Set the tombstone, as soon as there is room on the disk for it; whether it is new."""
        while True:
            try:
                return self._store.cancel(job_id)
            except OSError as error:
                _log.warning("the cancellation waits: %s", error)
                await asyncio.sleep(_ROOM_SECONDS)
