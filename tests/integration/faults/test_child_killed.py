"""SIGKILL of the handler's process alone."""

import os
import signal
import time
from pathlib import Path

import pytest

from clipmill.events import Result
from tests.integration.faults import size
from tests.integration.faults.fleet import Fleet, fleet_on, until
from tests.rig.broker import Broker

pytestmark = pytest.mark.anyio

RUNG_SECONDS = 2
"""Shorter than any real one, and time enough for the next child to be warm."""
KILLS = 3
LATE_SECONDS = size.choose(short=5.0, full=0.2)
"""The promise is 0.2 s; a machine that runs other tests beside this one cannot keep it."""


async def test_a_step_whose_child_is_killed_runs_again_when_its_rungs_delay_is_over(
    rabbitmq: Broker, tmp_path: Path
) -> None:
    """The worker never goes down, and its next child is warm before the step is back; killed three times over."""
    async with fleet_on(rabbitmq.new_vhost("quorum"), tmp_path, rung_ms=RUNG_SECONDS * 1000) as fleet:
        worker = fleet.worker()
        await fleet.send("waiting")
        late = [await kill(fleet, runs) for runs in range(1, KILLS + 1)]
        fleet.release()
        assert isinstance((await fleet.ends(1))["j0"], Result)
        assert {run.worker for run in fleet.runs} == {worker.pid}
        assert worker.deaths == []
    print("runs again after its rung's delay and", ", ".join(f"{seconds:.3f} s" for seconds in late))
    assert sorted(late)[KILLS // 2] < LATE_SECONDS
    assert [run.attempt for run in fleet.runs] == [1, 2, 3, 4]


async def kill(fleet: Fleet, runs: int) -> float:
    """Kill the child in its run of that number; seconds until the next run, less the rung's delay."""
    await until(lambda: len(fleet.runs) == runs, "a run")
    os.kill(fleet.runs[-1].child, signal.SIGKILL)
    killed = time.time()
    await until(lambda: len(fleet.runs) > runs, "the next run")
    return fleet.runs[-1].at - killed - RUNG_SECONDS
