"""The clerk hands jobs over to the broker and sees to its queues, directly and not through a proxy."""

import dataclasses
from collections.abc import Sequence

from clipmill import reconnect, topology
from clipmill.broker import RabbitBroker
from clipmill.session import Delivery, Publication, Session, SessionLost
from clipmill.settings import BrokerAddress
from tests.chaos.job import SERVICES

RUNG_MS = {5: 1000, 30: 1500, 120: 2000, 600: 2500, 3600: 3000}
"""The ladder of this suite: the same names with shorter delays, which workers keep since the queues stand already."""

_AT_ONCE = 200

NOT_EMPTY = (topology.HISTORY_QUEUE, topology.SIGNS_QUEUE)
"""What nobody reads here: the manager's. The history is where the books find every event."""


def quick_ladder() -> topology.Topology:
    """All of clipmill's queues, with the short ladder."""
    whole = topology.fleet_topology(SERVICES)
    delays = {topology.rung(seconds): delay for seconds, delay in RUNG_MS.items()}
    queues = [dataclasses.replace(q, ttl_ms=delays.get(q.name, q.ttl_ms)) for q in whole.queues]
    return dataclasses.replace(whole, queues=tuple(queues))


class Clerk:
    """One session after the other, as the broker allows."""

    def __init__(self, host: str, port: int) -> None:
        address = BrokerAddress(host=host, port=port, vhost="/", user="guest", password="guest")
        self._broker = RabbitBroker(address, client="chaos")
        self._session: Session | None = None

    async def prepare(self) -> None:
        """Make the queues."""
        await (await self._open()).declare(quick_ladder())

    async def hand_over(self, publications: Sequence[Publication]) -> None:
        """Publish, again and again until the broker has confirmed all."""
        while True:
            try:
                return await (await self._open()).publish(*publications)
            except SessionLost:
                self._session = None

    async def take_all(self, queue: str) -> list[Delivery]:
        """Everything that waits in a queue, taken out."""
        session = await self._fresh()
        count, taken = await session.depth(queue), list[Delivery]()
        async with session.consume(queue, prefetch=_AT_ONCE) as deliveries:
            while len(taken) < count:
                taken.append(await anext(aiter(deliveries)))
                session.ack(taken[-1])
        return taken

    async def close(self) -> None:
        """Hang up."""
        if self._session:
            await self._session.close()
            self._session = None

    async def _fresh(self) -> Session:
        await self.close()
        return await self._open()

    async def _open(self) -> Session:
        if self._session is None:
            self._session = await reconnect.connect(self._broker, lambda _: None)
        return self._session
