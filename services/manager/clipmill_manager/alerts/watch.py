"""The watch over the fleet: judges what is seen, says in the log what is news, and sends it to the notifier."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from clipmill import topology
from clipmill.events import Alert, write_event
from clipmill.session import Publication, PublishRefused, Session
from clipmill_manager.alerts.book import AlertBook
from clipmill_manager.alerts.measures import Snapshot

log = logging.getLogger(__name__)

KEEPSAKE = "alerts"


class AlertWatch:
    """Holds the book of alerts to what is seen; `keep` makes it durable."""

    def __init__(self, book: AlertBook, keep: Callable[[str, bytes], Awaitable[None]]) -> None:
        self.book = book
        self._keep = keep
        self._kept = book.kept()

    async def look(self, seen: Snapshot) -> None:
        """Judge what is seen. The journal has the news at once: without a broker nobody else can be told."""
        for alert in self.book.look(seen):
            told = alert.payload
            level = logging.INFO if told.news == "recovered" else logging.WARNING
            log.log(level, "alert %s (%s) %s: %s: %s", told.rule, told.severity, told.news, told.subject, told.text)
        await self.save()

    async def send(self, session: Session) -> None:
        """Hand over what is to be told; what the broker has not confirmed is handed over again, under the same id."""
        alerts = list(self.book.unsent)
        if not alerts:
            return
        try:
            await session.publish(*map(_publication, alerts))
        except PublishRefused as refused:
            log.warning("the broker does not take the alerts, which are kept: %s", refused)
            return
        self.book.sent(alerts)
        await self.save()

    async def save(self) -> None:
        """Make the book durable, if it has changed."""
        kept = self.book.kept()
        if kept != self._kept:
            await self._keep(KEEPSAKE, kept)
            self._kept = kept


def _publication(alert: Alert) -> Publication:
    return Publication(
        exchange=topology.RESULTS, routing_key="alert.manager", body=write_event(alert), message_id=alert.id
    )
