"""A flood of signs of life while nobody reads them: manager and notifier are stopped."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipmill import messages, topology
from clipmill.child_wire import Report
from clipmill.events import Result
from clipmill.messages import Step
from clipmill.session import Publication, Session
from clipmill.vital_signs import VitalSigns
from tests.integration.faults import size
from tests.integration.faults.fleet import Fleet, fleet_on, open_session
from tests.rig.broker import RELEASE_OF, Broker
from tests.rig.requirement import docker_required

pytestmark = pytest.mark.anyio

EVENTS = size.choose(short=60_000, full=1_000_000)
PARTS = 10
JOBS = 5
"""In each tenth of the flood."""

_GROWTH_MIB = 48
_WINDOW = 1000
_JOB_SECONDS = 20


@pytest.fixture(params=list(RELEASE_OF))
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """One of this test's own: its memory is looked at."""
    with docker_required(), Broker(request.param) as broker:
        yield broker


@pytest.mark.timeout(size.choose(short=300, full=1800))
async def test_signs_of_life_that_nobody_reads_fill_no_broker_and_delay_no_job(broker: Broker, tmp_path: Path) -> None:
    """The queue is bounded: once it is full the broker's memory stays as it is, and jobs are done all the while."""
    async with fleet_on(broker.new_vhost("quorum"), tmp_path) as fleet:
        fleet.worker()
        flood = await open_session(fleet.url)
        megabytes, slowest = [await asyncio.to_thread(_memory, broker)], 0.0
        for _ in range(PARTS):
            pouring = asyncio.create_task(_pour(flood, EVENTS // PARTS))
            slowest = max(slowest, await _seconds_of_jobs(fleet))
            await pouring
            # in a thread: a session that says nothing for long is cut by the broker
            megabytes.append(await asyncio.to_thread(_memory, broker))
        waiting = await fleet.session.depth(topology.SIGNS_QUEUE)
        print(
            f"RabbitMQ {broker.version}: {EVENTS} events, {waiting} wait; MiB before and after each tenth: {megabytes}"
        )
        print(f"{JOBS} jobs in each tenth, done within {slowest:.1f} s")
        await flood.close()
    assert waiting <= 20_000
    assert 2 * waiting < EVENTS
    assert max(megabytes[PARTS // 2 :]) - max(megabytes[: PARTS // 2]) < _GROWTH_MIB
    assert slowest < _JOB_SECONDS


async def _seconds_of_jobs(fleet: Fleet) -> float:
    """A few jobs; seconds until the last one's end is told."""
    start = time.monotonic()
    await fleet.send(*["good"] * JOBS)
    ends = await fleet.ends(JOBS)
    assert {type(end) for end in ends.values()} == {Result}
    return time.monotonic() - start


async def _pour(session: Session, count: int) -> None:
    """Heartbeats and progress as a worker posts them, and now and then a wait for the broker to keep up."""
    signs = VitalSigns(worker="flood/download@1", service="download", host="flood", child_pid=lambda: None)
    step = Step(job_id="flood", id="flood/download/0")
    for number in range(0, count, _WINDOW):
        for each in range(_WINDOW // 2):
            session.post(signs.heartbeat())
            session.post(signs.progress(step, Report(each % 100, f"{number} at {messages.now()}")))
        await session.publish(Publication(exchange="", routing_key="told", body=b"{}"))


def _memory(broker: Broker) -> int:
    """MiB that the node has allocated, after a collection of garbage."""
    broker.ctl("eval", "[garbage_collect(P) || P <- processes()].")
    (octets,) = re.findall(r"\d+", broker.ctl("eval", "erlang:memory(total)."))
    return int(octets) >> 20
