"""The fleet's figures for Prometheus, in a registry of their own: states, outcomes, queues; labels that are bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from clipmill.job_tree import Ending
from clipmill.pipeline import SERVICES
from clipmill.worker_status import WorkerStatus
from clipmill_manager.broker_view import BrokerView
from clipmill_manager.entities import WorkerThread

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SERVICES = (*SERVICES, "notifier", "manager")


class Figures(Collector):
    """Reads at each scrape what the manager knows at that moment; nothing is counted twice."""

    def __init__(
        self,
        *,
        workers: Callable[[], list[WorkerThread]],
        broker: Callable[[], BrokerView],
        endings: Callable[[], Mapping[str, int]],
        open_jobs: Callable[[], int],
    ) -> None:
        self._workers = workers
        self._broker = broker
        self._endings = endings
        self._open_jobs = open_jobs
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """What a scrape gets."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Nothing in advance: registering must not ask for what is not there yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every figure, now."""
        yield from self._of_workers()
        yield from self._of_jobs()
        yield from self._of_broker()

    def _of_workers(self) -> Iterator[Metric]:
        workers = self._workers()
        states = Counter((_label(worker), worker.status) for worker in workers)
        gauge = GaugeMetricFamily("clipmill_workers", "Workers by state.", labels=["service", "state"])
        crashes = CounterMetricFamily("clipmill_worker_crashes", "Crashes of workers.", labels=["service"])
        for service in sorted(set(map(_label, workers))):
            for status in WorkerStatus:
                gauge.add_metric([service, status], states[service, status])
            crashes.add_metric([service], sum(w.crash_count for w in workers if _label(w) == service))
        yield gauge
        yield crashes

    def _of_jobs(self) -> Iterator[Metric]:
        endings = self._endings()
        counter = CounterMetricFamily(
            "clipmill_jobs", "Jobs that ended since the manager started, by outcome.", labels=["outcome"]
        )
        for ending in Ending:
            counter.add_metric([ending], endings.get(ending, 0))
        yield counter
        yield GaugeMetricFamily("clipmill_jobs_open", "Jobs that are under way.", value=self._open_jobs())

    def _of_broker(self) -> Iterator[Metric]:
        broker = self._broker()
        yield GaugeMetricFamily(
            "clipmill_broker_connected", "Whether the manager has a session.", value=float(broker.connected)
        )
        gauge = GaugeMetricFamily("clipmill_queue_depth", "Messages that wait in a queue.", labels=["queue"])
        for queue in broker.queues:
            gauge.add_metric([queue.name], queue.depth)
        yield gauge


def _label(worker: WorkerThread) -> str:
    """A worker's name comes over a network: what is no service of ours shares one label."""
    return worker.service if worker.service in _SERVICES else "other"
