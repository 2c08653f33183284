"""Removing the files of a job that is over: the notifier, which knows that, says so; the workers own the files."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from clipmill import identifiers, log, topology
from clipmill.graveyard import Graveyard, InUse
from clipmill.messages import MalformedMessage
from clipmill.session import Publication, Session
from clipmill.settlement import settle

_log = logging.getLogger(__name__)

_AGAIN_SECONDS = 5


class Remove(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="remove", tag_field="type"):
    """The job is over, its sender has been told, and its files have been kept for as long as they are to be."""

    job_id: str
    reason: str
    """For whoever asks for the files later."""
    untouched_seconds: float
    """Nothing is removed when any of it is younger: then somebody has taken the job up again."""


def remove(order: Remove) -> Publication:
    """The publication that has a job's files removed on every host."""
    return Publication(exchange=topology.REMOVALS, routing_key="remove", body=msgspec.json.encode(order))


def read(body: bytes) -> Remove:
    """The order in `body`. Raises MalformedMessage."""
    try:
        order = msgspec.json.decode(body, type=Remove)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedMessage(f"no removal: {error}") from None
    if not identifiers.is_job_id(order.job_id):
        raise MalformedMessage(f"{order.job_id!r} is no jobId")
    return order


class RemovalConsumer:
    """Hears of the jobs whose files go. The workers of a host share one queue: each order is carried out by one."""

    def __init__(self, host: str, graveyard: Graveyard) -> None:
        self._queue = topology.removals_queue(host)
        self._graveyard = graveyard

    async def run(self, session: Session) -> None:
        """Until the session ends or this is cancelled."""
        async with session.consume(self._queue, prefetch=1) as deliveries:
            async for delivery in deliveries:
                await self._take(delivery.body)
                await settle(session, delivery)

    async def _take(self, body: bytes) -> None:
        try:
            order = read(body)
        except MalformedMessage as error:
            _log.warning("dropped: %s", error)
            return
        with log.about_job(order.job_id, queue=self._queue):
            while not await self._carry_out(order):
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _carry_out(self, order: Remove) -> bool:
        """Whether that is done with; the loop has its turn after each file."""
        try:
            for _ in self._graveyard.bury(order.job_id, order.reason, untouched=order.untouched_seconds):
                await asyncio.sleep(0)
        except InUse as why:
            # its end will be told, and the notifier counts from there
            _log.info("its files are kept: %s", why)
        except PermissionError as error:
            _log.error("its files cannot be removed: %s", error)  # a person's doing: the others go on
        except OSError as error:
            _log.warning("its files cannot be removed, trying again: %s", error)
            return False
        else:
            _log.info("its files are removed: %s", order.reason)
        return True
