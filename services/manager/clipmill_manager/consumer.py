"""The manager: takes the events of the whole fleet, listens to systemd, keeps the books, and answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from clipmill import topology
from clipmill.events import Event
from clipmill.session import Session
from clipmill.settings import Settings
from clipmill_manager import answers, listener
from clipmill_manager.alerts import rule as alert_rules
from clipmill_manager.alerts.book import AlertBook
from clipmill_manager.alerts.watch import KEEPSAKE, AlertWatch
from clipmill_manager.bookkeeper import Bookkeeper, HistoryUnreadable
from clipmill_manager.broker_view import BrokerWatch
from clipmill_manager.bus import SYSTEM
from clipmill_manager.caretaker import Caretaker
from clipmill_manager.desk import Desk
from clipmill_manager.glance import Glance
from clipmill_manager.ongoing import Ongoing
from clipmill_manager.register import SILENT_AFTER_MS, Register
from clipmill_manager.units import Units
from clipmill_manager.web.login import Login
from clipmill_manager.web.news import News
from clipmill_manager.web.site import site

log = logging.getLogger(__name__)

_LOOK_SECONDS = 5
_SAVE_SECONDS = 5
_PRUNE_SECONDS = 3600


class Manager:
    """The worker manager, as an event consumer."""

    service = "manager"
    queues: tuple[str, ...] = (topology.HISTORY_QUEUE, topology.SIGNS_QUEUE)

    def __init__(self, settings: Settings, *, bus: str = SYSTEM, rules: Path = alert_rules.FILE) -> None:
        """Raises BadSettings when the rules of alerts have mistakes."""
        self._settings = settings
        self._register = Register(settings.host)
        self._units = Units(self._register.observe, self._register.vanish, address=bus)
        self._ongoing = Ongoing()
        self._news = News()
        self._broker = BrokerWatch(str(settings.broker))
        self._glance = Glance(register=self._register, broker=lambda: self._broker.view, store=settings.store)
        self._rules = alert_rules.load(rules)
        self.page_address: str | None = None
        """Where the page answers, once it does."""
        self._going_on: list[asyncio.Task[None]] = []

    # what the frame asks for

    async def start(self) -> None:
        """Open the books and the socket; from here on there are answers, with or without a broker."""
        self._books = self._open_books()
        self._caretaker = Caretaker(self._units, self._books.note)
        self._register.restore(self._books.history.workers())
        self._alerts = self._open_alerts()
        self._desk = Desk(
            host=self._settings.host,
            register=self._register,
            units=self._units,
            ongoing=self._ongoing,
            broker=self._broker,
            glance=self._glance,
            books=self._books,
            alerts=self._alerts,
        )
        listening = listener.listen(self.socket)
        self._go_on(listener.serve(answers.application(self._desk), listening), "the HTTP interface")
        self._open_page()
        self._go_on(self._units.watch(), "the watch over systemd's units")
        self._go_on(self._keep(), "the keeping of the books")

    async def take(self, events: Sequence[Event], session: Session) -> None:
        """Take events into the register and the history."""
        for event in events:
            self._register.hear(event)
            self._ongoing.hear(event)
        ends = await self._books.record(events)
        self._news.tell()
        self._glance.recent.take(ends)
        self._desk.counters.take(ends)

    async def beside(self, session: Session) -> None:
        """Look at the queues while there is a session."""
        try:
            await self._broker.prepare(session)
            while True:
                await self._broker.look(session)
                await self._alerts.send(session)
                self._news.tell()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._broker.lose()

    async def stop(self) -> None:
        """End what goes on beside the sessions, and close the books."""
        for task in self._going_on:
            task.cancel()
        await asyncio.wait(self._going_on)
        self.socket.unlink(missing_ok=True)
        self._books.close()

    @property
    def socket(self) -> Path:
        """Where the manager answers."""
        return self._settings.runtime / "manager.sock"

    # what goes on beside, with or without a session

    async def _keep(self) -> None:
        """Write down what systemd told of the workers, care for them, forget the gone ones, and let go of old jobs."""
        clock = asyncio.get_running_loop().time
        pruned = float("-inf")
        while True:
            await self._books.forget(self._register.forget())
            await self._books.record([], self._register.take_changes())
            await self._watch_over()
            await self._caretaker.look(self._register.workers(), hears=self._broker.hears(at_least=SILENT_AFTER_MS))
            if clock() - pruned > _PRUNE_SECONDS:
                await self._books.prune()
                pruned = clock()
            await asyncio.sleep(_SAVE_SECONDS)

    def _open_page(self) -> None:
        """The page is a convenience: what keeps it from opening is said, and keeps nothing else from working."""
        if self._settings.web_password is None:
            log.info("there is no page: the credential web-password is missing")
            return
        try:
            listening = listener.listen_on(self._settings.web_address)
        except OSError as error:
            log.warning("there is no page: nothing can listen at %s: %s", self._settings.web_address, error)
            return
        self.page_address = "{}:{}".format(*listening.getsockname()[:2])
        self._go_on(
            listener.serve(site(self._desk, Login(self._settings.web_password), self._news), listening), "the page"
        )

    async def _watch_over(self) -> None:
        """Judge the fleet as it is now."""
        with contextlib.suppress(HistoryUnreadable):
            await self._alerts.look(self._glance.look(await self._books.oldest_open()))

    def _open_alerts(self) -> AlertWatch:
        name = f"{self._settings.host}/{self.service}"
        book = AlertBook(self._rules, worker_id=name, kept=self._books.history.kept(KEEPSAKE))
        return AlertWatch(book, self._books.keep)

    def _open_books(self) -> Bookkeeper:
        settings = self._settings
        address = settings.history_url or f"sqlite:///{settings.state / 'history.db'}"
        return Bookkeeper(address, days=settings.history_days, password=settings.history_password)

    def _go_on(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Until the loop ends, and all its tasks with it."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(lambda done: _tell(done, what))
        self._going_on.append(task)


def _tell(done: asyncio.Task[None], what: str) -> None:
    if not done.cancelled() and (error := done.exception()):
        log.critical("%s has ended", what, exc_info=error)
