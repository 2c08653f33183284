"""The parking lots: what was given up and waits for a person, who looks at it, has it tried again, or drops it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec

from clipmill import admission, dead_letter, topology
from clipmill.dead_letter import Failure
from clipmill.messages import MalformedMessage, Step
from clipmill.session import Delivery, Session
from clipmill.settlement import settle, to_work


@dataclass(frozen=True, kw_only=True)
class Parked:
    """A step that was given up, as long as the lot is looked at."""

    service: str
    step: Step
    failure: Failure
    readable: bool
    """Whether a worker could read the message at all: if not, trying it again is of no use."""
    delivery: Delivery


class ParkingLot:
    """The parking lots of some services, held while they are looked at: nothing is lost, nothing decided twice."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._retried: set[str] = set()

    @asynccontextmanager
    async def open(self, services: tuple[str, ...]) -> AsyncIterator[list[Parked]]:
        """All that is parked there now. What is neither retried nor dropped goes back when the session ends."""
        yield [parked for service in services for parked in await self._take(service)]

    async def retry(self, parked: Parked) -> None:
        """Put the step on its work queue again, with all its attempts before it.

        Once: a worker that was killed between a dead letter and its ack leaves two copies, which can both end here.
        """
        fresh = msgspec.structs.replace(parked.step, attempt=1, not_before=None)
        follows = () if parked.step.id in self._retried else (to_work(fresh),)
        await settle(self._session, parked.delivery, *follows)
        self._retried.add(parked.step.id)

    async def drop(self, parked: Parked) -> None:
        """Forget it; its sender was told when it was given up."""
        await settle(self._session, parked.delivery)

    async def _take(self, service: str) -> list[Parked]:
        queue = topology.parking_lot(service)
        waiting = await self._session.depth(queue)
        found: list[Parked] = []
        if waiting:
            async with self._session.consume(queue, prefetch=waiting) as deliveries:
                async for delivery in deliveries:
                    found.append(_parked(service, delivery))
                    if len(found) == waiting:
                        break
        return found


def _parked(service: str, delivery: Delivery) -> Parked:
    failure = dead_letter.read(delivery)
    try:
        step, readable = admission.read_any(delivery, service), True
    except MalformedMessage:
        step, readable = admission.salvage(delivery, service), False
    return Parked(service=service, step=step, failure=failure, readable=readable, delivery=delivery)
