"""The desk: answers whatever the HTTP interface, the page or a scrape asks, out of what the manager knows."""

from __future__ import annotations

from collections import Counter

from clipmill import messages
from clipmill_manager.alerts.book import Silence
from clipmill_manager.alerts.rule import SEVERITIES
from clipmill_manager.alerts.view import AlertsView, alerts_view
from clipmill_manager.alerts.watch import AlertWatch
from clipmill_manager.answers import Fleet
from clipmill_manager.audit_trail import Deed
from clipmill_manager.bookkeeper import Bookkeeper
from clipmill_manager.broker_view import BrokerWatch
from clipmill_manager.entities import WorkerThread
from clipmill_manager.figures import Figures
from clipmill_manager.glance import Glance
from clipmill_manager.job_rows import OPEN
from clipmill_manager.job_search import STATES, Page, Search
from clipmill_manager.job_view import JobView
from clipmill_manager.ongoing import Ongoing
from clipmill_manager.queues import QueueLine, queue_lines
from clipmill_manager.register import Register
from clipmill_manager.step_end import StepEnd
from clipmill_manager.units import Units


class Desk:
    """Knows everybody who knows something."""

    def __init__(
        self,
        *,
        host: str,
        register: Register,
        units: Units,
        ongoing: Ongoing,
        broker: BrokerWatch,
        glance: Glance,
        books: Bookkeeper,
        alerts: AlertWatch,
    ) -> None:
        self._host = host
        self._register, self._units, self._ongoing = register, units, ongoing
        self._broker, self._glance, self._books, self._alerts = broker, glance, books, alerts
        self.counters = self._make_figures()
        """What is counted for Prometheus."""

    def fleet(self) -> Fleet:
        """The fleet at a glance."""
        return Fleet(
            time=messages.now(),
            host=self._host,
            systemd=self._units.watched,
            health=self._register.health(),
            pools=self._register.pools(),
            workers=self._register.workers(),
            jobs={state: self._books.history.totals[state] for state in STATES},
            broker=self._broker.view,
        )

    def workers(self) -> list[WorkerThread]:
        """Every worker."""
        return self._register.workers()

    async def search(self, wanted: Search, limit: int) -> Page:
        """The newest jobs that match."""
        return await self._books.search(wanted, limit)

    async def job(self, job_id: str) -> JobView | None:
        """One job with its tree."""
        return await self._books.find(job_id, self._ongoing.of(job_id))

    async def audit(self, limit: int) -> list[Deed]:
        """What was done last."""
        return await self._books.audit(limit)

    def queue_lines(self) -> list[QueueLine]:
        """What waits where."""
        now = messages.now()
        return queue_lines(self._broker.view, self._register.workers(), self.recent_ends(), now)

    def recent_ends(self) -> list[StepEnd]:
        """The steps that ended in the last hour."""
        return self._glance.recent.ends(messages.now())

    def alerts(self) -> AlertsView:
        """What is wrong."""
        return alerts_view(self._alerts.book, messages.now())

    async def silence(self, silence: Silence) -> None:
        """Tell nothing of a rule until then."""
        self._alerts.book.silence(silence)
        await self._alerts.save()
        about = f"{silence.subject or 'all'}, until {silence.until}"
        await self._books.note("silence", silence.rule, about, who=silence.who)

    def figures(self) -> bytes:
        """The fleet's figures for Prometheus."""
        return self.counters.text()

    def _make_figures(self) -> Figures:
        history = self._books.history
        return Figures(
            workers=self._register.workers,
            broker=lambda: self._broker.view,
            endings=lambda: history.endings,
            open_jobs=lambda: history.totals[OPEN],
            oldest_job=lambda: self._glance.oldest_job,
            disk=lambda: self._glance.disk,
            alerts=self._alerts_by_severity,
        )

    def _alerts_by_severity(self) -> dict[str, int]:
        firing = Counter(alert.severity for alert in self._alerts.book.alerts() if alert.is_firing)
        return {severity: firing[severity] for severity in SEVERITIES}
