"""The fleet in this process: the workers and the notifier of the real one, over a broker that is in here too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from clipmill import topology
from clipmill.event_worker import EventWorker
from clipmill.inprocess import InProcessBroker
from clipmill.settings import NEVER, Settings
from clipmill.systemd import Supervisor
from clipmill.worker import Worker
from clipmill_cli.trouble import Trouble
from clipmill_notifier.consumer import Notifier

HANDLERS = {
    "download": "clipmill_download.handler:handle",
    "cutter": "clipmill_cutter.handler:handle",
    "preview": "clipmill_preview.handler:handle",
}


class Fleet:
    """A context manager: its members run in the block, and end with it."""

    def __init__(self, settings: Settings, *, services: Collection[str], downloads: int, log: Path) -> None:
        self.broker = InProcessBroker()
        # before the first step ends: its successors need their queues, though their workers still start
        self.broker.declare(topology.fleet_topology(services))
        self._settings = settings
        self._log = log
        self._supervisor = Supervisor()
        units = [f"download@{number}" for number in range(1, downloads + 1)]
        units += [f"{service}@1" for service in services if service != "download"]
        self._workers = {unit: self._make_worker(unit) for unit in units}
        self._notifier = self._make_notifier()
        self._working: dict[asyncio.Task[None], str] = {}
        self._notifying: asyncio.Task[None] | None = None
        self._draining = False

    async def __aenter__(self) -> Self:
        self._working = {asyncio.create_task(worker.run()): unit for unit, worker in self._workers.items()}
        self._notifying = asyncio.create_task(self._notifier.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.drain()
        else:
            self.stop()
        self._notifier.drain()
        await asyncio.wait(self._tasks())

    def drain(self) -> bool:
        """Let each worker finish the step at hand, and end; False when that was said before."""
        if self._draining:
            return False
        self._draining = True
        for worker in self._workers.values():
            worker.drain()
        return True

    def stop(self) -> None:
        """End at once; the children die with it, and what they did so far is found by the next run."""
        for task in self._working:
            task.cancel()

    async def carry_out(self, work: Coroutine[Any, Any, None], *, will_end: Callable[[], bool]) -> bool:
        """Whether `work` came to its end. Raises Trouble when a member of the fleet fails.

        When the workers have been drained before, `will_end` tells whether it comes to its end all the same.
        """
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, *self._tasks()}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self._complain()
                await asyncio.wait(self._working)
            if task.done() or will_end():
                await task
            return task.done()
        finally:
            task.cancel()

    def _tasks(self) -> dict[asyncio.Task[None], str]:
        return self._working | ({self._notifying: "notifier"} if self._notifying else {})

    def _complain(self) -> None:
        for task, name in self._tasks().items():
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise Trouble(f"{name} cannot work: {error}; {self._log} tells more") from error

    def _make_worker(self, unit: str) -> Worker:
        service = unit.partition("@")[0]
        return Worker(
            service,
            unit,
            handler=HANDLERS[service],
            broker=self.broker,
            settings=self._settings,
            supervisor=self._supervisor,
        )

    def _make_notifier(self) -> EventWorker:
        # it answers whoever asked here, and bothers nobody else; what was made lies where that person wanted it
        settings = replace(
            self._settings, notify_webhook_url=None, notify_reply_queue=None, retention=NEVER, store_quota=None
        )
        return EventWorker(Notifier(settings), broker=self.broker, settings=settings, supervisor=self._supervisor)
