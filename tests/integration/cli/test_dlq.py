"""`clipmill dlq` and the parking lots, on RabbitMQ of both releases: what a person decides about given-up steps."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clipmill import dead_letter, messages, settings, topology
from clipmill.broker import RabbitBroker
from clipmill.dead_letter import Failure
from clipmill.messages import Step
from clipmill.session import Session
from tests.rig.broker import RELEASE_OF
from tests.rig.broker import Broker as RabbitContainer

pytestmark = pytest.mark.anyio

BROKEN = Failure(reason="the site says 404: there is nothing", cause="gone", permanent=True)
DOWN = Failure(reason="the site says 503", cause="network", permanent=False)


class Lot:
    """A vhost with parked steps, and the command over it."""

    def __init__(self, url: str, session: Session) -> None:
        self.url = url
        self.session = session

    async def park(self, step: Step, failure: Failure) -> None:
        """Give a step up, as the dead-letter consumer does."""
        body, queue = messages.write_step(step), topology.parking_lot(step.service)
        await self.session.publish(dead_letter.write(body, failure, queue=queue, message_id=step.id))

    def dlq(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The real command."""
        command = [str(Path(sys.executable).parent / "clipmill"), "dlq", *words]
        environment = {**os.environ, "BROKER_URL": self.url}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    def listed(self, *words: str) -> list[str]:
        """The ids that `list --json` shows."""
        return [one["stepId"] for one in json.loads(self.dlq("list", "--json", *words).stdout)]


@pytest.fixture(params=list(RELEASE_OF))
async def lot(request: pytest.FixtureRequest, rabbitmqs: Callable[[str], RabbitContainer]):  # type: ignore[no-untyped-def]
    """Three parked steps."""
    url = rabbitmqs(request.param).new_vhost()
    session = await RabbitBroker(settings.load({"BROKER_URL": url}).broker).open()
    await session.declare(topology.fleet_topology(("download", "cutter", "preview")))
    lot = Lot(url, session)
    await lot.park(Step(job_id="a", id="a/download/0", link="https://x/a", sender="ana", attempt=1), BROKEN)
    await lot.park(Step(job_id="b", id="b/download/0", link="https://x/b", attempt=6), DOWN)
    await lot.park(Step(job_id="b", id="b/cutter/0", file_path="x", attempt=6), DOWN)
    yield lot
    await session.close()


async def test_what_is_parked_is_listed_with_its_reason_however_often(lot: Lot) -> None:
    """Looking changes nothing: 50 times, where a queue without our care loses it at the 22nd (docs/facts.md, 12)."""
    for _ in range(50):
        session = await RabbitBroker(settings.load({"BROKER_URL": lot.url}).broker).open()
        async with session.consume(topology.parking_lot("download"), prefetch=2) as deliveries:
            async for delivery in deliveries:
                assert delivery.body
                break
        await session.close()
    assert sorted(lot.listed()) == ["a/download/0", "b/cutter/0", "b/download/0"]
    assert "the site says 404: there is nothing" in lot.dlq("list").stdout


async def test_it_is_chosen_by_queue_and_by_reason(lot: Lot) -> None:
    """By the cause's word too."""
    assert lot.listed("--queue", "cutter") == ["b/cutter/0"]
    assert lot.listed("--queue", "cutter_queue") == ["b/cutter/0"]
    assert lot.listed("--reason", "GONE") == ["a/download/0"]


async def test_a_dry_run_does_nothing_and_a_retry_starts_with_the_first_attempt(lot: Lot) -> None:
    """The step is on its work queue again; the others stay."""
    assert "would be retried" in lot.dlq("retry", "--reason", "503", "--dry-run").stdout
    assert len(lot.listed()) == 3
    assert lot.dlq("retry", "b/download/0").returncode == 0
    assert sorted(lot.listed()) == ["a/download/0", "b/cutter/0"]
    async with lot.session.consume(topology.work_queue("download"), prefetch=1) as deliveries:
        step = messages.read_step(json.loads((await anext(aiter(deliveries))).body))
    assert (step.id, step.attempt) == ("b/download/0", 1)


async def test_a_step_that_is_parked_twice_is_retried_once(lot: Lot) -> None:
    """A worker that was killed between a dead letter and its ack leaves two copies on the ladder."""
    await lot.park(Step(job_id="a", id="a/download/0", link="https://x/a", sender="ana", attempt=1), DOWN)
    assert lot.listed().count("a/download/0") == 2
    assert lot.dlq("retry", "a").returncode == 0
    assert lot.listed() == ["b/download/0", "b/cutter/0"]
    assert await lot.session.depth("download_queue") == 1


async def test_a_job_is_dropped_whole(lot: Lot) -> None:
    """By its id; nothing else goes."""
    assert lot.dlq("drop", "b").stdout.count("dropped") == 2
    assert lot.listed() == ["a/download/0"]


async def test_nothing_is_decided_by_accident(lot: Lot) -> None:
    """Neither all without --all, nor an unknown service, nor an id that is not there."""
    for words in (["drop"], ["retry"], ["list", "--queue", "cuter"]):
        refused = lot.dlq(*words)
        assert refused.returncode == 2
        assert "Traceback" not in refused.stderr
    assert lot.dlq("show", "c").returncode == 1
    assert json.loads(lot.dlq("show", "a").stdout)[0]["message"]["link"] == "https://x/a"
    assert len(lot.listed()) == 3
