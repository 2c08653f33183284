"""The queues as people ask for them: what waits, who could take it, and how long that will last. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from clipmill_manager.alerts.measures import queue_delay
from clipmill_manager.broker_view import BrokerView
from clipmill_manager.entities import WorkerThread
from clipmill_manager.register import ABLE
from clipmill_manager.step_end import StepEnd


class QueueLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A queue."""

    name: str
    kind: str
    depth: int
    workers: int | None
    """How many can take from it; None for a queue that no worker takes from."""
    seconds_to_empty: float | None
    """At the pace of the last ten minutes; None where nothing moved, or for a queue that is not worked off."""


def queue_lines(broker: BrokerView, workers: Sequence[WorkerThread], ends: list[StepEnd], now: int) -> list[QueueLine]:
    """A line a queue, as last seen."""
    able = [worker.service for worker in workers if worker.status in ABLE and not worker.silent]
    return [
        QueueLine(
            name=queue.name,
            kind=queue.kind,
            depth=queue.depth,
            workers=able.count(queue.name.removesuffix("_queue")) if queue.kind == "work" else None,
            seconds_to_empty=queue_delay(now, queue.name, queue.depth, ends) if queue.kind == "work" else None,
        )
        for queue in broker.queues
    ]
