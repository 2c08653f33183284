"""A step that takes longer than the broker lets a worker hold it (docs/facts.md, 4)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clipmill.events import Result
from clipmill_cli.rabbitmq.management import Management
from clipmill_cli.setup_broker import make_ready
from tests.integration.cli.fleet import address, new_fleet
from tests.integration.faults import size
from tests.integration.faults.fleet import Fleet, fleet_on
from tests.integration.faults.service import Service
from tests.rig.broker import RELEASE_OF, Broker
from tests.rig.requirement import docker_required

pytestmark = pytest.mark.anyio

LIMIT_SECONDS = 1
TICK_SECONDS = size.choose(short=1, full=60)
"""How often a node looks: each minute, unless told otherwise."""
STEP_SECONDS = 2 * TICK_SECONDS + 4
"""So long that a node that may take it away does so."""

CUT = "lost broker"
WARNED = "takes a step away from its worker after consumer_timeout"


@pytest.fixture(scope="module", params=list(RELEASE_OF))
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """One of this module's own: its node lets nobody hold a message for longer than a second."""
    with docker_required(), Broker(request.param) as broker:
        for name, seconds in (("consumer_timeout", LIMIT_SECONDS), ("channel_tick_interval", TICK_SECONDS)):
            broker.ctl("eval", f"application:set_env(rabbit, {name}, {seconds * 1000}).")
        yield broker


@pytest.mark.timeout(600)
async def test_a_step_that_takes_longer_is_done_once_without_an_administrators_rights(
    broker: Broker, tmp_path: Path
) -> None:
    """4.0 is told by the queue's arguments. 3.10 cannot be told: the worker warns, and what the broker takes away and
    gives again takes its own place."""
    async with fleet_on(broker.new_vhost("quorum"), tmp_path, declare=False) as fleet:
        worker = fleet.worker()
        await assert_done_once(fleet, worker)
        assert (WARNED in worker.said) == (broker.version == "3.10")
        assert (CUT in worker.said) == (broker.version == "3.10")


@pytest.mark.timeout(600)
async def test_a_step_that_takes_longer_is_done_once_under_the_policies_of_setup_broker(
    broker: Broker, tmp_path: Path
) -> None:
    """Its queues carry no argument but their type."""
    wanted = new_fleet()
    said = list(make_ready(Management(broker.management_url), wanted))
    assert any(WARNED in line for line in said) == (broker.version == "3.10")
    async with fleet_on(address(broker, wanted, wanted.accounts[0]).url, tmp_path, declare=False) as fleet:
        worker = fleet.worker()
        await assert_done_once(fleet, worker)
        assert "other arguments than ours" not in worker.said
        assert (CUT in worker.said) == (broker.version == "3.10")


async def assert_done_once(fleet: Fleet, worker: Service) -> None:
    """A slow step, and a quick one behind it that waits its turn."""
    jobs = await fleet.send_when_ready(f"slow:{STEP_SECONDS}", "good")
    ends = await fleet.ends(2, seconds=STEP_SECONDS + 60)
    assert {type(end) for end in ends.values()} == {Result}
    assert ends.keys() == {*jobs}
    assert sorted(run.step for run in fleet.runs) == sorted(f"{job}/download/0" for job in jobs)
    assert worker.deaths == []
    print(f"a step of {STEP_SECONDS} s: its session was lost {worker.said.count(CUT)} times, it ran once")
