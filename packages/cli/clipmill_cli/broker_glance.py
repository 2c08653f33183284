"""The broker at a glance, for when no manager tells: whether it lets us in, and how many messages wait where."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from rich.console import Group, RenderableType

from clipmill import topology
from clipmill.broker import RabbitBroker
from clipmill.pipeline import SERVICES
from clipmill.session import Session, SessionLost
from clipmill.settings import Settings
from clipmill_cli import door, fleet_glance
from clipmill_cli.answers import Broker, Queue
from clipmill_cli.trouble import Trouble


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen."""

    broker: Broker
    trouble: str | None = None


async def look(settings: Settings) -> Sight:
    """Look once."""
    broker = RabbitBroker(settings.broker, client="clipmill status")
    try:
        async with door.session(broker) as session:
            queues = [queue async for queue in _queues(session)]
            seen = Broker(name=broker.name, connected=True, version=session.version, queues=queues)
    except Trouble as trouble:
        return Sight(broker=Broker(name=broker.name, connected=False), trouble=str(trouble))
    return Sight(broker=seen, trouble=None if queues else "its queues are not there yet: sudo clipmill setup broker")


def picture(sight: Sight) -> RenderableType:
    """For people."""
    if not sight.broker.connected:
        return sight.trouble or ""
    found = ["", fleet_glance.queues(sight.broker.queues)] if sight.broker.queues else [sight.trouble or ""]
    return Group(fleet_glance.broker_line(sight.broker), *found)


async def _queues(session: Session) -> AsyncIterator[Queue]:
    """Asking for a queue that is not there costs the session, and where one is missing the others are too."""
    works = {topology.work_queue(service) for service in SERVICES}
    for queue in topology.fleet_topology(SERVICES).queues:
        try:
            depth = await session.depth(queue.name)
        except SessionLost:
            return
        yield Queue(name=queue.name, kind="work" if queue.name in works else "other", depth=depth)
