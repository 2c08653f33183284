"""The fleet's figures for Prometheus, in a registry of their own: states, outcomes, queues; labels that are bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client import Counter as Counted
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from clipmill.job_tree import Ending
from clipmill.pipeline import SERVICES
from clipmill.worker_status import WorkerStatus
from clipmill_manager.broker_view import BrokerView
from clipmill_manager.disk import DiskView
from clipmill_manager.entities import WorkerThread
from clipmill_manager.step_end import OTHER, StepEnd

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SERVICES = (*SERVICES, "notifier", "manager")
_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)


class Figures(Collector):
    """Reads at each scrape what the manager knows at that moment, and counts the steps that ended since its start."""

    def __init__(
        self,
        *,
        workers: Callable[[], list[WorkerThread]],
        broker: Callable[[], BrokerView],
        endings: Callable[[], Mapping[str, int]],
        open_jobs: Callable[[], int],
        oldest_job: Callable[[], float | None],
        disk: Callable[[], DiskView | None],
        alerts: Callable[[], Mapping[str, int]],
    ) -> None:
        self._workers, self._broker = workers, broker
        self._endings, self._open_jobs, self._oldest_job = endings, open_jobs, oldest_job
        self._disk, self._alerts = disk, alerts
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._make_counters()

    def take(self, ends: Iterable[StepEnd]) -> None:
        """Count steps that have just ended."""
        for end in ends:
            self._steps.labels(end.service, end.outcome, end.cause).inc()
            self._made.labels(end.service).inc(end.bytes)
            for histogram, took in ((self._waited, end.waited), (self._worked, end.worked)):
                if took is not None:
                    histogram.labels(end.service).observe(took / 1000)

    def text(self) -> bytes:
        """What a scrape gets."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        """Nothing in advance: registering must not ask for what is not there yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every figure that is read and not counted, now."""
        yield from self._of_workers()
        yield from self._of_jobs()
        yield from self._of_broker()
        yield from self._of_disk()
        yield from self._of_alerts()

    def _make_counters(self) -> None:
        registry, service = self._registry, ["service"]
        self._steps = Counted(
            "clipmill_steps",
            "Steps that ended, by outcome and cause.",
            [*service, "outcome", "cause"],
            registry=registry,
        )
        self._made = Counted("clipmill_made_bytes", "Bytes of the files that were made.", service, registry=registry)
        self._waited = Histogram(
            "clipmill_step_waiting_seconds",
            "How long a step waited for its worker.",
            service,
            registry=registry,
            buckets=_SECONDS,
        )
        self._worked = Histogram(
            "clipmill_step_working_seconds",
            "How long the last attempt of a step took.",
            service,
            registry=registry,
            buckets=_SECONDS,
        )

    def _of_workers(self) -> Iterator[Metric]:
        by_service: dict[str, list[WorkerThread]] = {}
        for worker in self._workers():
            by_service.setdefault(_label(worker), []).append(worker)
        gauge = GaugeMetricFamily("clipmill_workers", "Workers by state.", labels=["service", "state"])
        rest = [kind(name, text, labels=["service"]) for kind, name, text, _ in _OF_A_SERVICE]
        for service, workers in sorted(by_service.items()):
            states = Counter(worker.status for worker in workers)
            for status in WorkerStatus:
                gauge.add_metric([service, status], states[status])
            for family, (_, _, _, value) in zip(rest, _OF_A_SERVICE, strict=True):
                family.add_metric([service], value(workers))
        yield from (gauge, *rest)

    def _of_jobs(self) -> Iterator[Metric]:
        endings = self._endings()
        counter = CounterMetricFamily(
            "clipmill_jobs", "Jobs that ended since the manager started, by outcome.", labels=["outcome"]
        )
        for ending in Ending:
            counter.add_metric([ending], endings.get(ending, 0))
        yield counter
        yield GaugeMetricFamily("clipmill_jobs_open", "Jobs that are under way.", value=self._open_jobs())
        oldest = "Seconds since anything ended in the open job of which that is longest ago; 0 without one."
        yield GaugeMetricFamily("clipmill_oldest_open_job_seconds", oldest, value=self._oldest_job() or 0)

    def _of_broker(self) -> Iterator[Metric]:
        broker = self._broker()
        yield GaugeMetricFamily(
            "clipmill_broker_connected", "Whether the manager has a session.", value=float(broker.connected)
        )
        gauge = GaugeMetricFamily("clipmill_queue_depth", "Messages that wait in a queue.", labels=["queue", "kind"])
        for queue in broker.queues:
            gauge.add_metric([queue.name, queue.kind], queue.depth)
        yield gauge

    def _of_disk(self) -> Iterator[Metric]:
        disk = self._disk()
        if disk is not None:
            yield GaugeMetricFamily("clipmill_disk_bytes", "The file system of the store.", value=disk.total)
            yield GaugeMetricFamily("clipmill_disk_free_bytes", "What is free of it.", value=disk.free)

    def _of_alerts(self) -> Iterator[Metric]:
        gauge = GaugeMetricFamily("clipmill_alerts_firing", "Alerts that fire, by severity.", labels=["severity"])
        for severity, number in self._alerts().items():
            gauge.add_metric([severity], number)
        yield gauge


_OF_A_SERVICE: tuple[
    tuple[type[CounterMetricFamily | GaugeMetricFamily], str, str, Callable[[list[WorkerThread]], float]], ...
] = (
    (
        CounterMetricFamily,
        "clipmill_worker_crashes",
        "Crashes of workers.",
        lambda workers: sum(worker.crash_count for worker in workers),
    ),
    (
        GaugeMetricFamily,
        "clipmill_workers_silent",
        "Workers that give no sign of life.",
        lambda workers: sum(worker.silent for worker in workers),
    ),
    (
        GaugeMetricFamily,
        "clipmill_worker_memory_bytes",
        "Memory of the units, children and files in memory included.",
        lambda workers: sum(worker.memory_bytes or 0 for worker in workers),
    ),
    (
        GaugeMetricFamily,
        "clipmill_worker_memory_limit_bytes",
        "MemoryMax= of the units.",
        lambda workers: sum(worker.memory_limit or 0 for worker in workers),
    ),
)


def _label(worker: WorkerThread) -> str:
    """A worker's name comes over a network: what is no service of ours shares one label."""
    return worker.service if worker.service in _SERVICES else OTHER
