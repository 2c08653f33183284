"""The broker is stopped and started in the middle of a run."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipmill.events import Result
from tests.integration.faults.fleet import fleet_on, until
from tests.rig.broker import AMQP_PORT, RELEASE_OF, Broker
from tests.rig.requirement import docker_required

pytestmark = pytest.mark.anyio

JOBS = 600
BEFORE = 150
STEP_SECONDS = 0.01


@pytest.fixture(params=list(RELEASE_OF))
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """One of this module's own, since it is restarted."""
    with docker_required(), Broker(request.param) as broker:
        yield broker


async def test_after_a_restart_work_goes_on_within_a_second_and_no_step_is_done_twice(
    broker: Broker, tmp_path: Path
) -> None:
    """600 jobs, two workers; what was at hand when the broker went is answered when it is back, and not done again."""
    async with fleet_on(broker.new_vhost("quorum"), tmp_path) as fleet:
        workers = [fleet.worker(f"download@{number}") for number in (1, 2)]
        await fleet.send(*[f"slow:{STEP_SECONDS}"] * JOBS)
        await until(lambda: len(fleet.runs) >= BEFORE, "the middle of the run")
        await asyncio.to_thread(broker.stop)
        seen = len(fleet.runs)
        assert seen < JOBS
        starting = asyncio.create_task(asyncio.to_thread(broker.start))
        accepted = await until(lambda: accepts(broker), "the port", seconds=90)
        await until(lambda: len(fleet.runs) > seen, "the first step after the restart")
        await starting
        await fleet.reconnect()
        ends = await fleet.ends(JOBS)
        assert {type(end) for end in ends.values()} == {Result}
        assert len(ends) == JOBS
        assert [step for step, count in Counter(run.step for run in fleet.runs).items() if count > 1] == []
        assert [worker.deaths for worker in workers] == [[], []]
        back = fleet.runs[seen].at - accepted
        print(f"RabbitMQ {broker.version}: {seen} of {JOBS} done, back {back:.2f} s after the port accepted")
        assert back < 1


def accepts(broker: Broker) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((broker.host, AMQP_PORT)) == 0
