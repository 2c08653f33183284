"""Publishes events as workers do: what must not be lost with confirmation, signs of life without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from clipmill import topology
from clipmill.events import Error, Event, Result, write_event
from clipmill.session import Publication, Session

_WINDOW = 100


async def tell(session: Session, events: Iterable[Event]) -> int:
    """Publish; how many results and errors the broker has confirmed."""
    confirmed = 0
    for some in _windows(events):
        lasting = [event for event in some if isinstance(event, Result | Error)]
        for event in some:
            if not isinstance(event, Result | Error):
                session.post(_publication(event))
        if lasting:
            await session.publish(*map(_publication, lasting))
        confirmed += len(lasting)
    return confirmed


def _windows(events: Iterable[Event]) -> Iterator[tuple[Event, ...]]:
    told = iter(events)
    while some := tuple(islice(told, _WINDOW)):
        yield some


def _publication(event: Event) -> Publication:
    kind = event.__struct_config__.tag
    service = event.worker_id.rpartition("/")[2].partition("@")[0]
    return Publication(exchange=topology.RESULTS, routing_key=f"{kind}.{service}", body=write_event(event))
