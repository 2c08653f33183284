"""The history as the event loop sees it: one thread writes, another reads, so that no fsync ever stops the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from clipmill import messages
from clipmill.events import Event, Progress
from clipmill_manager import audit_trail, job_search
from clipmill_manager.audit_trail import Deed
from clipmill_manager.database import open_database, reason_of
from clipmill_manager.entities import WorkerRecord
from clipmill_manager.history import History
from clipmill_manager.job_search import Page, Search
from clipmill_manager.job_view import JobView
from clipmill_manager.step_end import StepEnd

log = logging.getLogger(__name__)

_DAY_MS = 24 * 3_600_000

T = TypeVar("T")


class HistoryUnreadable(Exception):
    """The database did not answer; the text is what it said."""


class Bookkeeper:
    """Writes what is heard and reads what is asked."""

    def __init__(self, address: str, *, days: float, password: str | None = None, retry: float = 5) -> None:
        """Open the history, which keeps a job for `days` after its last event. Raises BadSettings."""
        self._days = days
        self._retry = retry
        self._engine = open_database(address, password=password)
        self.history = History(self._engine)
        self._writer = ThreadPoolExecutor(1, "history-writer")
        self._reader = ThreadPoolExecutor(1, "history-reader")

    async def record(self, events: Sequence[Event], records: Iterable[WorkerRecord] = ()) -> list[StepEnd]:
        """Write events and workers; what they say is durable when this returns the steps whose end was news.

        A full disk is waited for, not died of: the events stay unacked meanwhile, and nothing is lost.
        """
        news, changed = [event for event in events if self.history.is_news(event)], list(records)
        if not (news or changed):
            return []
        return await self._persist(lambda: self.history.record(news, changed))

    async def prune(self) -> None:
        """Let go of what is too old, in small bites."""
        before = messages.now() - int(self._days * _DAY_MS)
        gone = 0
        while some := await self._in(self._writer, lambda: self.history.prune(before)):
            gone += some
        await self._in(self._writer, lambda: audit_trail.prune(self._engine, before))
        if gone:
            log.info("%d jobs of which nothing was heard for %g days are let go of", gone, self._days)

    async def forget(self, worker_ids: Sequence[str]) -> None:
        """Let go of workers that are no more; they would come back with the next start."""
        if worker_ids:
            await self._persist(lambda: self.history.forget(worker_ids))

    async def note(self, action: str, target: str, detail: str = "", *, who: str = audit_trail.MANAGER) -> None:
        """Write down who did what, in the audit trail."""
        deed = Deed(at=messages.now(), who=who, action=action, target=target, detail=detail)
        await self._persist(lambda: audit_trail.note(self._engine, deed))

    async def audit(self, limit: int) -> list[Deed]:
        """What was done last. Raises HistoryUnreadable."""
        return await self._read(lambda: audit_trail.newest(self._engine, limit))

    async def oldest_open(self) -> int | None:
        """When something last ended in the open job of which that is longest ago. Raises HistoryUnreadable."""
        return await self._read(lambda: job_search.oldest_open(self._engine))

    async def keep(self, name: str, body: bytes) -> None:
        """Keep something small over restarts; it is durable when this returns."""
        await self._persist(lambda: self.history.keep(name, body))

    async def search(self, wanted: Search, limit: int) -> Page:
        """The newest jobs that match. Raises HistoryUnreadable."""
        return await self._read(lambda: job_search.search(self._engine, wanted, limit))

    async def find(self, job_id: str, progress: Sequence[Progress]) -> JobView | None:
        """One job. Raises HistoryUnreadable."""
        return await self._read(lambda: job_search.find(self._engine, job_id, progress))

    def close(self) -> None:
        """Finish what is being written, and let go of the file."""
        self._writer.shutdown()
        self._reader.shutdown()
        self._engine.dispose()

    async def _persist(self, write: Callable[[], T]) -> T:
        said = ""
        while True:
            try:
                return await self._in(self._writer, write)
            except SQLAlchemyError as error:
                if (reason := reason_of(error)) != said:
                    log.warning("the history cannot be written (%s): tried again every %g s", reason, self._retry)
                said = reason
            # nothing tells when a disk has room again
            await asyncio.sleep(self._retry)

    async def _read(self, ask: Callable[[], T]) -> T:
        try:
            return await self._in(self._reader, ask)
        except SQLAlchemyError as error:
            raise HistoryUnreadable(reason_of(error)) from None

    @staticmethod
    async def _in(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(thread, work)
