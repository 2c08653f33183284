"""The broker and its queues as last seen: whether there is a session, and how many messages wait in which queue."""

from __future__ import annotations

import msgspec

from clipmill import messages, topology
from clipmill.pipeline import SERVICES
from clipmill.session import Session


class QueueView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A queue and what waits in it."""

    name: str
    kind: str
    """`work`, `dead-letter`, `parked`, `retry` or `events`."""
    depth: int


class BrokerView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The broker as last seen."""

    name: str
    connected: bool
    version: str | None
    since: int | None = None
    """When the session began, or ended; milliseconds since the epoch."""
    seen_at: int | None
    """Milliseconds since the epoch."""
    queues: list[QueueView]


KINDS: dict[str, str] = {
    **{topology.work_queue(service): "work" for service in SERVICES},
    **{topology.dead_letter_queue(service): "dead-letter" for service in SERVICES},
    **{topology.parking_lot(service): "parked" for service in SERVICES},
    **{topology.rung(seconds): "retry" for seconds in topology.RUNG_SECONDS},
    **dict.fromkeys((topology.NOTIFIER_QUEUE, topology.HISTORY_QUEUE, topology.SIGNS_QUEUE), "events"),
}
"""The queues that are looked at."""


class BrokerWatch:
    """Looks at the queues while there is a session, and remembers."""

    def __init__(self, name: str) -> None:
        self.view = BrokerView(name=name, connected=False, version=None, seen_at=None, queues=[])

    async def prepare(self, session: Session) -> None:
        """See to it that each queue is there: asking for the depth of one that is not would cost the session."""
        await session.declare(topology.fleet_topology(SERVICES))
        self.view = msgspec.structs.replace(self.view, since=messages.now())

    async def look(self, session: Session) -> None:
        """See how many messages wait in each queue."""
        queues = [QueueView(name=n, kind=kind, depth=await session.depth(n)) for n, kind in KINDS.items()]
        self.view = msgspec.structs.replace(
            self.view, connected=True, version=session.version, seen_at=messages.now(), queues=queues
        )

    def lose(self) -> None:
        """The session is over; the depths stay as they were last seen."""
        self.view = msgspec.structs.replace(self.view, connected=False, since=messages.now())

    def hears(self, *, at_least: int) -> bool:
        """Whether there has been a session for that many milliseconds: whoever lives was heard in it."""
        view = self.view
        return view.connected and view.since is not None and messages.now() - view.since >= at_least
