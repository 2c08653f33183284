"""Celery: acks late and rejects when a worker is lost, without which a killed job would be lost."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

from celery import Celery

from bench.messaging import job
from bench.messaging.job import Job
from bench.messaging.sender import Sender

app = Celery("bench", broker=os.environ["BENCH_BROKER"])
app.conf.update(
    task_default_queue_type="quorum",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
)
if "BENCH_PREFETCH" in os.environ:
    app.conf.worker_prefetch_multiplier = int(os.environ["BENCH_PREFETCH"])

perform = app.task(name="perform")(job.perform)


class _Sender:
    def send(self, jobs: Sequence[Job]) -> None:
        for one in jobs:
            perform.delay(**one.fields)


@contextlib.contextmanager
def sender() -> Iterator[Sender]:
    """Celery confirms message by message."""
    yield _Sender()
