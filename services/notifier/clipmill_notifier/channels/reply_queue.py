"""The reply queue: a notice as a message for the queue that the job names, else for the one of the settings."""

from __future__ import annotations

import asyncio

from clipmill.events import Alert
from clipmill.outcome import ToolError
from clipmill.pipeline import SERVICES
from clipmill.session import BrokerError, Publication, Session
from clipmill.settings import BadSettings, Settings
from clipmill.topology import DEFAULT_EXCHANGE, fleet_topology
from clipmill_notifier.notice import Told, write_notice

_CONFIRM_SECONDS = 30
_LONGEST_NAME = 255  # bytes: AMQP's short string
_OURS = frozenset(queue.name for queue in fleet_topology(SERVICES).queues)


class ReplyQueue:
    """Publishes a notice, confirmed, through the default exchange. It declares nothing: the queue is its receiver's."""

    name = "reply-queue"
    at_once = 16
    # a receiver that reconnects makes its queue anew within these three quarters of an hour; one that is gone does not
    patience: int | None = 10

    def __init__(self, default: str | None) -> None:
        self._default = default

    def wants(self, notice: Told) -> bool:
        """A notice for which somebody named a queue."""
        return self._queue(notice) is not None

    async def deliver(self, notice: Told, session: Session) -> None:
        """Publish it and wait for the broker's confirmation. Raises ToolError."""
        queue = self._queue(notice) or ""
        if trouble := trouble_with(queue):
            raise ToolError(f"reply queue {queue!r} {trouble}", permanent=True)
        try:
            # a broker that is out of memory or disk confirms nothing for as long as that lasts
            async with asyncio.timeout(_CONFIRM_SECONDS):
                await session.publish(_publication(notice, queue))
        except TimeoutError:
            raise ToolError(f"reply queue {queue!r}: no confirmation within {_CONFIRM_SECONDS} s") from None
        except BrokerError as error:
            raise ToolError(f"reply queue {queue!r}: {error}") from None

    def _queue(self, notice: Told) -> str | None:
        return self._default if isinstance(notice, Alert) else notice.payload.reply_to or self._default


def channel(settings: Settings) -> ReplyQueue:
    """The channel; without a setting it serves the jobs that name a queue. Raises BadSettings."""
    name = settings.notify_reply_queue
    if name and (trouble := trouble_with(name)):
        raise BadSettings([f"NOTIFY_REPLY_QUEUE={name}: {trouble}"])
    return ReplyQueue(name)


def trouble_with(queue: str) -> str | None:
    """Why a queue cannot be a reply queue; None: it can."""
    if queue in _OURS:
        return "is a queue of clipmill itself, where a notice would be taken for work; name one of your own"
    return "has a name that is too long" if len(queue.encode()) > _LONGEST_NAME else None


def _publication(notice: Told, queue: str) -> Publication:
    return Publication(exchange=DEFAULT_EXCHANGE, routing_key=queue, body=write_notice(notice), message_id=notice.id)
