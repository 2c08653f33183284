"""The frame of an event consumer (notifier, manager): no child, prefetch 16, ack after its durable commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from clipmill.events import Event
from clipmill.session import Session

PREFETCH = 16


class EventConsumer(Protocol):
    """A service that lives on events."""

    service: str
    queues: tuple[str, ...]
    """The queues whose events it takes."""

    async def start(self) -> None:
        """Open databases and the like, before the first session. Raises BadSettings."""

    async def take(self, events: Sequence[Event], session: Session) -> None:
        """Take up to 16 events, in order. What they say is durable when this returns: then they are acked.

        Each event may come again (same `id`), also after a restart. When this raises, the events come again too.
        """

    async def stop(self) -> None:
        """Close what `start` opened: no session and no event follow."""

    async def beside(self, session: Session) -> None:
        """What goes on beside the events while `session` lasts (deliveries that are due, ticks); cancelled with it."""
