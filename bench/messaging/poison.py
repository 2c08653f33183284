"""A job that kills the process in which it runs, and five good ones behind it."""

from __future__ import annotations

import time

from bench.messaging.contender import Contender
from bench.messaging.figures import Figures
from bench.messaging.job import Job
from bench.messaging.stage import stage, supervised
from tests.rig.broker import Broker

_SECONDS = 30
_LOOK_SECONDS = 0.1
_POISON = "poison"
_GOOD = tuple(f"good {n}" for n in range(5))


def measure(contender: Contender, broker: Broker) -> Figures:
    """Half a minute of it."""
    with stage(contender, broker) as on:
        poison = Job(_POISON, on.stamps.address, kills=True)
        on.send([poison, *(Job(name, on.stamps.address) for name in _GOOD)])
        ran: list[str] = []
        with supervised(on) as worker:
            deadline = time.monotonic() + _SECONDS
            while (now := time.monotonic()) < deadline:
                ran += [stamp.label for stamp in on.stamps.until(min(deadline, now + _LOOK_SECONDS))]
                worker.look()
    return {"poison": ran.count(_POISON), "good": len(set(ran) & set(_GOOD))}
