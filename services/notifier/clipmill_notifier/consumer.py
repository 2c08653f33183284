"""The notifier as an event consumer: grows each job's tree, writes a notice when one is over, and has it delivered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from clipmill.events import Alert, Error, Event, Result
from clipmill.job_tree import JobTree
from clipmill.messages import now
from clipmill.session import Session
from clipmill.settings import Settings
from clipmill.topology import NOTIFIER_QUEUE
from clipmill_notifier.bulletin import Bulletin
from clipmill_notifier.channel import Channel
from clipmill_notifier.channels import open_channels
from clipmill_notifier.courier import Courier
from clipmill_notifier.database import Database
from clipmill_notifier.notice import notice_id
from clipmill_notifier.outbox import RETENTION_MS, Outbox
from clipmill_notifier.render import render
from clipmill_notifier.retention import Retention, Rule
from clipmill_notifier.trees import Trees

log = logging.getLogger(__name__)

_PRUNE_SECONDS = 6 * 3600


class Notifier:
    """Tells the sender of each job once how it ended, and the operator of each alert."""

    service = "notifier"
    queues: tuple[str, ...] = (NOTIFIER_QUEUE,)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rule = Rule.of(settings)
        self._channels: list[Channel] = []
        self._couriers: list[Courier] = []

    async def start(self) -> None:
        """Open the memory and the channels. Raises BadSettings."""
        self._channels = open_channels(self._settings)
        self._database = Database(self._settings.state / "notifier.db")
        self._trees, self._outbox = Trees(self._database), Outbox(self._database)
        self._retention = Retention(self._database, self._rule)
        self._bulletin = Bulletin(self._database)
        self._couriers = [Courier(channel, self._outbox, self._database.commit) for channel in self._channels]
        self._tell_what_waits()

    async def take(self, events: Sequence[Event], session: Session) -> None:
        """Grow the trees and write the notices of those that are over, in one transaction."""
        ends: dict[str, list[Result | Error]] = {}
        for event in events:
            if isinstance(event, Result | Error):
                ends.setdefault(event.job_id, []).append(event)
        alerts = [event for event in events if isinstance(event, Alert)]
        announced = await self._database.commit(
            lambda: [self._grow(*of_job) for of_job in ends.items()] + [self._warn(alert) for alert in alerts]
        )
        if any(announced):
            for courier in self._couriers:
                courier.wake()

    async def stop(self) -> None:
        """Close the memory."""
        self._database.close()

    async def beside(self, session: Session) -> None:
        """Deliver what is due, channel by channel, and forget what is old."""
        await self._take_up_interrupted()
        async with asyncio.TaskGroup() as group:
            for courier in self._couriers:
                group.create_task(courier.run(session))
            group.create_task(self._retention.run(session))
            group.create_task(self._forget())

    def _grow(self, job_id: str, news: list[Result | Error]) -> bool:
        """Whether a notice was written."""
        tree = self._trees.load(job_id)
        if not self._trees.grow(tree, news):
            return False
        at = now()
        self._trees.mark(tree, at=at)
        return tree.is_over and self._announce(tree, at)

    def _announce(self, tree: JobTree, at: int) -> bool:
        """Write the notice of a job that is over, unless the last one said the same: a step was retried in vain."""
        editions, last = self._outbox.latest(tree.job_id)
        name = notice_id(tree.job_id, editions + 1)
        notice = render(tree, store=self._settings.store, notice_id=name, timestamp=at)
        if last is not None and last.payload == notice.payload:
            return False
        self._outbox.put(notice, [channel.name for channel in self._channels if channel.wants(notice)])
        return True

    def _warn(self, alert: Alert) -> bool:
        """Whether the alert is new."""
        return self._bulletin.put(alert, [channel.name for channel in self._channels if channel.wants(alert)])

    async def _take_up_interrupted(self) -> None:
        for name, channel in await self._database.commit(lambda: self._outbox.take_up_interrupted(at=now())):
            log.warning(
                "notice %s goes to channel %s again, with the same id: we were killed while sending", name, channel
            )

    def _tell_what_waits(self) -> None:
        names = {channel.name for channel in self._channels}
        for channel, count in self._outbox.waiting().items():
            if channel not in names:
                log.warning("%d notices wait for channel %s, which is not set any more", count, channel)

    async def _forget(self) -> None:
        while True:
            before = now() - RETENTION_MS - self._rule.longest * 1000
            while await self._database.commit(lambda: self._outbox.prune(before=before)):  # noqa: B023  # awaited here
                await asyncio.sleep(0)
            await self._database.commit(lambda: self._bulletin.prune(before=now() - RETENTION_MS))
            await asyncio.sleep(_PRUNE_SECONDS)
