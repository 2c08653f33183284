"""A submission: orders are handed to the broker, confirmed, and watched over until they are over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from clipmill import reconnect
from clipmill.broker import RabbitBroker
from clipmill.job_tree import JobTree
from clipmill.session import BrokerError, PublishRefused, Session, SessionLost
from clipmill.settings import Settings
from clipmill.settlement import to_work
from clipmill.store import Store
from clipmill_cli import console, door, inbox, summary
from clipmill_cli.bars import Bars
from clipmill_cli.order import Order
from clipmill_cli.origin import File
from clipmill_cli.trouble import Status, Trouble
from clipmill_cli.vigil import Vigil


class Submission:
    """What became of each order is known at any moment, also when it is interrupted."""

    def __init__(self, orders: Sequence[Order], settings: Settings, *, wait: bool) -> None:
        self.store = Store(settings.store)
        self.taken: list[Order] = []
        """Those that the broker has confirmed."""
        self._orders = orders
        self._broker = RabbitBroker(settings.broker, client="clipmill submit")
        self._bars = Bars(console.messages(), {order.job_id: str(order.origin) for order in orders})
        self._vigil = Vigil((order.job_id for order in orders), self._bars.show) if wait else None

    async def carry_out(self) -> None:
        """Hand over every order; then wait, if that is wanted. Raises Trouble."""
        with self._bars:
            async with door.session(self._broker) as session:
                with _explained():
                    await self._hand_over(session)
                if self._vigil:
                    await self._wait(self._vigil, session)

    @property
    def exit_status(self) -> Status:
        """Of a submission that was carried out."""
        return summary.exit_status(self._vigil.trees.values()) if self._vigil else Status.DONE

    def tree(self, order: Order) -> JobTree | None:
        """The tree of an order that was waited for until it was over."""
        tree = self._vigil.trees[order.job_id] if self._vigil else None
        return tree if tree and tree.is_over else None

    def told(self, order: Order) -> dict[str, Any]:
        """An order that was taken, for programs."""
        asked = {"file" if isinstance(order.origin, File) else "link": str(order.origin)}
        tree = self.tree(order)
        return {"jobId": order.job_id, **asked, **(summary.as_json(tree, self.store.root) if tree else {})}

    async def _hand_over(self, session: Session) -> None:
        if self._vigil:
            # before anything is published, or its first events would be missed
            await session.declare(self._vigil.topology)
        for order in self._orders:
            await self._publish(order, session)
            self.taken.append(order)

    async def _publish(self, order: Order, session: Session) -> None:
        key = await self._put(order)
        try:
            await session.publish(to_work(order.root_step(key)))
        except PublishRefused:
            inbox.remove(self.store, order.job_id)
            raise
        if self._vigil:
            self._bars.waiting(order.job_id)

    async def _put(self, order: Order) -> str | None:
        if not isinstance(order.origin, File):
            return None
        return await inbox.put(
            order.origin.path, self.store, order.job_id, lambda done, size: self._bars.copied(order.job_id, done, size)
        )

    async def _wait(self, vigil: Vigil, session: Session) -> None:
        """Through restarts of the broker too: what happens meanwhile waits in the vigil's queue."""
        over = asyncio.Event()

        async def serve(session: Session) -> None:
            await session.declare(vigil.topology)
            await vigil.keep(session)
            over.set()

        try:
            await vigil.keep(session)
        except SessionLost as lost:
            self._bars.say(f"lost broker {self._broker.name}: {lost}")
            await reconnect.keep_session(self._broker, over, serve=serve, waiting=self._bars.say)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except BrokerError as error:
        advice = "if the fleet was never set up there: sudo clipmill setup broker"
        raise Trouble(f"the broker did not take it: {error}; {advice}", Status.UNAVAILABLE) from None
