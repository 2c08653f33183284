"""Dramatiq; its queues become quorum queues by the vhost's default. BENCH_PREFETCH is its own variable (contenders)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from bench.messaging import job
from bench.messaging.job import Job
from bench.messaging.sender import Sender

broker = RabbitmqBroker(url=os.environ["BENCH_BROKER"], confirm_delivery=True)
dramatiq.set_broker(broker)

perform = dramatiq.actor(job.perform)


class _Sender:
    def send(self, jobs: Sequence[Job]) -> None:
        for one in jobs:
            perform.send(**one.fields)


@contextlib.contextmanager
def sender() -> Iterator[Sender]:
    """Dramatiq confirms message by message."""
    yield _Sender()
    broker.close()
