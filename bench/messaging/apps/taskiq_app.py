"""Taskiq with taskiq-aio-pika, whose queues are quorum queues by default."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator, Sequence

from taskiq_aio_pika import AioPikaBroker

from bench.messaging import job
from bench.messaging.job import Job
from bench.messaging.sender import Sender

_prefetch = {"qos": int(os.environ["BENCH_PREFETCH"])} if "BENCH_PREFETCH" in os.environ else {}
broker = AioPikaBroker(os.environ["BENCH_BROKER"], **_prefetch)


@broker.task  # type: ignore[untyped-decorator]  # the library is not there when types are checked
async def perform(label: str, stamps: str, pause: float, kills: bool) -> None:
    """In the event loop, as Taskiq runs coroutines: cheaper than its threads."""
    job.perform(label, stamps, pause, kills)


class _Sender:
    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner

    def send(self, jobs: Sequence[Job]) -> None:
        self._runner.run(self._send(jobs))

    async def _send(self, jobs: Sequence[Job]) -> None:
        for one in jobs:
            await perform.kiq(**one.fields)


@contextlib.contextmanager
def sender() -> Iterator[Sender]:
    """Taskiq confirms message by message."""
    with asyncio.Runner() as runner:
        runner.run(broker.startup())
        yield _Sender(runner)
        runner.run(broker.shutdown())
