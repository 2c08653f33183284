"""The worker in good times: a full queue from a cold start, single jobs, and idleness."""

from __future__ import annotations

import statistics
import time

from bench import processes
from bench.messaging.contender import Contender
from bench.messaging.figures import Figures
from bench.messaging.job import Job
from bench.messaging.stage import Stage, stage
from tests.rig.broker import Broker

_PINGS = 200
_CALM_SECONDS, _IDLE_SECONDS = 2, 30
_MARKS = ("first", "warm", "last")


def measure(contender: Contender, broker: Broker, jobs: int) -> Figures:
    """One round."""
    with stage(contender, broker) as on:
        sent = on.send(_jobs(jobs, on.stamps.address))
        figures = {"enqueue": sent["jobs"] / sent["seconds"], "enqueue_cpu": 1000 * sent["cpu"] / sent["jobs"]}
        with on.worker() as worker:
            figures |= _drain(on, worker.pid, jobs)
            figures["p50"] = statistics.median(on.ping(_PINGS))
            figures |= _idle(worker.pid)
        return figures


def _jobs(count: int, stamps: str) -> list[Job]:
    """Three of them say when they run: the first, the one after a tenth (the worker is warm then), and the last."""
    marks = dict(zip((0, count // 10, count - 1), _MARKS, strict=True))
    return [Job(marks[n], stamps) if n in marks else Job() for n in range(count)]


def _drain(on: Stage, pid: int, jobs: int) -> Figures:
    (_, cold), (warm_at, warm), (last_at, last) = [(on.stamps.next(), processes.cpu_seconds(pid)) for _ in _MARKS]
    counted = jobs - 1 - jobs // 10
    rate = counted / (last_at.seconds - warm_at.seconds)
    return {"first": cold, "drain": rate, "cpu": 1000 * (last - warm) / counted}


def _idle(pid: int) -> Figures:
    time.sleep(_CALM_SECONDS)  # this is the measurement: nothing happens, and how often does it wake up?
    before = processes.voluntary_switches(pid)
    time.sleep(_IDLE_SECONDS)
    switches = processes.voluntary_switches(pid) - before
    return {"switches": switches / (_IDLE_SECONDS / 10), "pss": processes.pss_mib(pid)}
