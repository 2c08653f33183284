"""The courier of a channel: delivers what is due, records what became of it, and waits for what is due next."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Protocol, TypeVar

from clipmill import log
from clipmill.events import Alert
from clipmill.messages import now
from clipmill.outcome import ToolError
from clipmill.session import Session
from clipmill.topology import NOTIFIER_QUEUE
from clipmill_notifier.channel import Channel
from clipmill_notifier.notice import Told
from clipmill_notifier.outbox import Delayed, Delivered, Outbox, Parcel, Receipt, Refused, delay_after

_log = logging.getLogger(__name__)

# systemd gives a unit longer to stop; a channel's own limit is shorter
_LAST_SECONDS = 35

T = TypeVar("T")


class Commit(Protocol):
    """Does some work in one transaction that is on disk when it returns."""

    async def __call__(self, work: Callable[[], T], /) -> T: ...


class Courier:
    """Carries notices from the outbox to one channel, in the order in which they are due."""

    def __init__(self, channel: Channel, outbox: Outbox, commit: Commit) -> None:
        self._channel = channel
        self._outbox = outbox
        self._commit = commit
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._news.set()

    async def run(self, session: Session) -> None:
        """Deliver what is due for as long as the session lasts."""
        while True:
            self._news.clear()
            if parcels := await self._commit(self._claim):
                await _to_its_end(self._deliver(parcels, session))
            else:
                await self._wait()

    def _claim(self) -> list[Parcel]:
        return self._outbox.claim(self._channel.name, at=now(), limit=self._channel.at_once)

    async def _deliver(self, parcels: list[Parcel], session: Session) -> None:
        receipts = await asyncio.gather(*(self._attempt(parcel, session) for parcel in parcels))
        await self._commit(lambda: self._outbox.record(self._channel.name, receipts))

    async def _attempt(self, parcel: Parcel, session: Session) -> Receipt:
        with _about(parcel.notice):
            try:
                await self._channel.deliver(parcel.notice, session)
            except ToolError as error:
                return self._failed(parcel, str(error), permanent=error.permanent)
            except Exception as error:  # noqa: BLE001 - told with its stack, and kept as a failure
                # what no channel should raise delays its own notice, and no other
                _log.exception("channel %s failed in a way that nobody expected", self._channel.name)
                return self._failed(parcel, f"{type(error).__name__}: {error}", permanent=False)
            return Delivered(parcel.notice.id)

    def _failed(self, parcel: Parcel, trouble: str, *, permanent: bool) -> Receipt:
        name, channel, patience = parcel.notice.id, self._channel.name, self._channel.patience
        if permanent or (patience is not None and parcel.tries >= patience):
            _log.error(
                "notice %s is given up on channel %s, and kept, at try %d: %s", name, channel, parcel.tries, trouble
            )
            return Refused(name, trouble)
        delay = delay_after(parcel.tries)
        _log.warning("notice %s, channel %s, next try in %d s: %s", name, channel, delay // 1000, trouble)
        return Delayed(name, trouble, now() + delay)

    async def _wait(self) -> None:
        due_at = self._outbox.next_due(self._channel.name)
        seconds = None if due_at is None else max(0.0, (due_at - now()) / 1000)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()


def _about(notice: Told) -> contextlib.AbstractContextManager[None]:
    """Log lines of a delivery carry the job that it is about."""
    if isinstance(notice, Alert):
        return contextlib.nullcontext()
    return log.about_job(notice.job_id, queue=NOTIFIER_QUEUE)


async def _to_its_end(work: Coroutine[None, None, None]) -> None:
    """Cancelled or not, a delivery that has begun ends (each channel has a time limit) and is recorded.

    The session that ends is no reason to tell a receiver twice.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_LAST_SECONDS)
        task.cancel()
        raise
