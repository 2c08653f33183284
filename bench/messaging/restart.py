"""The broker is restarted in the middle of a run: how soon work goes on, and what is begun twice."""

from __future__ import annotations

import time

from bench.messaging.contender import Contender
from bench.messaging.figures import Figures
from bench.messaging.job import Job
from bench.messaging.stage import stage, supervised
from tests.rig.broker import Broker

JOBS = 300
_PAUSE = 0.02
_BEFORE = 50
_PATIENCE = 90
_LOOK_SECONDS = 0.1


def measure(contender: Contender, broker: Broker) -> Figures:
    """One round; jobs of 20 ms, so that many are left when the broker is back."""
    with stage(contender, broker) as on:
        on.send([Job(str(n), on.stamps.address, _PAUSE) for n in range(JOBS)])
        with supervised(on) as worker:
            begun = [on.stamps.next() for _ in range(_BEFORE)]
            broker.restart()
            up = time.monotonic()
            deadline = up + _PATIENCE
            while len(labels := {stamp.label for stamp in begun}) < JOBS and time.monotonic() < deadline:
                begun += on.stamps.until(time.monotonic() + _LOOK_SECONDS)
                worker.look()
    back = min((stamp.seconds for stamp in begun if stamp.seconds > up), default=deadline) - up
    return {"back": back, "again": len(begun) - len(labels), "lost": JOBS - len(labels)}
