"""A run of the embedded fleet: orders go in, and it lasts until each job is over and its message has come."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Console

from clipmill import log
from clipmill.messages import Pipeline
from clipmill.session import Session
from clipmill.settings import Settings
from clipmill.settlement import to_work
from clipmill_cli import amounts, inbox
from clipmill_cli.bars import Bars
from clipmill_cli.console import plain
from clipmill_cli.correspondence import Correspondence
from clipmill_cli.embedded import Fleet
from clipmill_cli.order import Order
from clipmill_cli.origin import File, Origin
from clipmill_cli.run_folder import RunFolder
from clipmill_cli.trouble import Trouble

_MOST_DOWNLOADS = 2


class Solo:
    """One `clipmill run`, from its orders to its messages."""

    def __init__(
        self, folder: RunFolder, settings: Settings, origins: Sequence[Origin], pipeline: Pipeline, console: Console
    ) -> None:
        self._folder = folder
        self._settings = replace(settings, store=folder.store.root, state=folder.state)
        self._pipeline = pipeline
        self._wishes = (pipeline, *_of_parts(settings))
        self._origins = {folder.job_id(origin, self._wishes): origin for origin in origins}
        self._bars = Bars(console, {job_id: str(origin) for job_id, origin in self._origins.items()})
        self.vigil = Correspondence(self._origins, self._bars.show)

    async def carry_out(self) -> bool:
        """Whether it came to its end; False when it was interrupted. Raises Trouble."""
        self._check_room()
        log.setup(self._settings.log_level, worker="run")
        with self._bars, _retries_told(self._bars):
            async with self._fleet() as fleet:
                self._hear_signals(fleet)
                finished = await fleet.carry_out(self._work(fleet), will_end=self._has_ended)
        self._strike_off()
        return finished

    async def _work(self, fleet: Fleet) -> None:
        session = await fleet.broker.open()
        await session.declare(self.vigil.topology)
        for job_id, origin in self._origins.items():
            await self._begin(job_id, origin, session)
        await self.vigil.keep(session)

    async def _begin(self, job_id: str, origin: Origin, session: Session) -> None:
        order = Order(job_id=job_id, origin=origin, pipeline=self._pipeline, reply_to=self.vigil.queue)
        key = await self._put(job_id, origin) if isinstance(origin, File) else None
        await session.publish(to_work(order.root_step(key)))
        self._bars.waiting(job_id)

    async def _put(self, job_id: str, file: File) -> str:
        store = self._folder.store
        return inbox.link(file.path, store, job_id) or await inbox.put(
            file.path, store, job_id, lambda done, size: self._bars.copied(job_id, done, size)
        )

    def _fleet(self) -> Fleet:
        services = {"download", *(service for tier in self._pipeline for service in tier)}
        downloads = min(len(self._origins), _MOST_DOWNLOADS)
        return Fleet(self._settings, services=services, downloads=downloads, log=self._folder.log)

    def _hear_signals(self, fleet: Fleet) -> None:
        """The first one drains, the second one ends it at once."""

        def interrupt() -> None:
            if fleet.drain():
                self._bars.say("finishing the step at hand; Ctrl-C again stops at once")
            else:
                fleet.stop()

        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, interrupt)

    def _has_ended(self) -> bool:
        """Whether every job is over; its message is on its way then."""
        return all(tree.is_over for tree in self.vigil.trees.values())

    def _strike_off(self) -> None:
        """What is over will not be gone on with."""
        for job_id, origin in self._origins.items():
            if self.vigil.trees[job_id].is_over:
                self._folder.strike_off(origin, self._wishes)

    def _check_room(self) -> None:
        free, reserve = self._folder.store.disk().free, self._settings.disk_reserve
        if free < reserve:
            needed = f"{amounts.size(free)} are free and {amounts.size(reserve)} are to stay free (DISK_RESERVE)"
            raise Trouble(f"no room in {self._folder.store.root}: {needed}; make room, or choose another with -o")


def _of_parts(settings: Settings) -> tuple[object, ...]:
    """What other settings would make other parts."""
    cut = (settings.cut_profile, settings.cut_mode, settings.cut_codec, settings.cut_height)
    return (settings.part_seconds, settings.part_bytes, *cut)


@contextlib.contextmanager
def _retries_told(bars: Bars) -> Iterator[None]:
    """Tell in the terminal that a step failed and is tried again, and why: no event says so."""
    handler, decisions = _Retries(bars), logging.getLogger("clipmill.dead_letter_consumer")
    decisions.addHandler(handler)
    try:
        yield
    finally:
        decisions.removeHandler(handler)


class _Retries(logging.Handler):
    def __init__(self, bars: Bars) -> None:
        super().__init__()
        self._bars = bars
        # a step that is given up, an error here, is told by its event
        self.addFilter(lambda record: record.levelno == logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        self._bars.say(plain(record.getMessage()))
