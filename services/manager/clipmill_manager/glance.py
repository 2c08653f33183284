"""The fleet at one moment, gathered from all who know a part of it: what alerts are judged on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clipmill import messages
from clipmill_manager import disk
from clipmill_manager.alerts.measures import Snapshot
from clipmill_manager.broker_view import BrokerView
from clipmill_manager.disk import DiskView
from clipmill_manager.recent import Growth, Recent
from clipmill_manager.register import ABLE, Register


class Glance:
    """Looks around, and remembers the last hour."""

    def __init__(self, *, register: Register, broker: Callable[[], BrokerView], store: Path) -> None:
        self._register, self._broker, self._store = register, broker, store
        self._crashes, self._parked = Growth(), Growth()
        self.recent = Recent()
        self.began = messages.now()
        self.disk: DiskView | None = None
        self.oldest_job: float | None = None
        """Seconds since anything ended in the open job of which that is longest ago."""

    def look(self, oldest: int | None) -> Snapshot:
        """The fleet now; `oldest` is when something last ended in the open job of which that is longest ago."""
        now, broker, workers = messages.now(), self._broker(), self._register.workers()
        self.disk = disk.look(self._store)
        self.oldest_job = None if oldest is None else max(now - oldest, 0) / 1000
        parked = sum(queue.depth for queue in broker.queues if queue.kind == "parked")
        return Snapshot(
            now=now,
            since=self.began,
            workers=workers,
            able=frozenset(worker.service for worker in workers if worker.status in ABLE and not worker.silent),
            broker=broker,
            ends=self.recent.ends(now),
            crashes=max(self._crashes.see(sum(worker.crash_count for worker in workers), now), 0),
            # before the first look at the queues nothing is known of them
            parked_growth=max(self._parked.see(parked, now), 0) if broker.queues else 0,
            oldest_job=self.oldest_job,
            last_end=self.recent.last_end,
            disk_used=self.disk.used if self.disk else None,
        )
