"""Removals as the workers carry them out, over the in-process broker."""

import json
from pathlib import Path

import pytest

from clipmill import removal
from clipmill.events import Error, Result
from clipmill.removal import Remove
from clipmill.session import Publication
from clipmill.settings import load
from clipmill.worker_status import WorkerStatus
from tests.unit.core.conftest import Fleet

pytestmark = pytest.mark.anyio


def link(way: str, job: str = "j") -> bytes:
    """A job whose link tells the handler what to do."""
    return json.dumps({"link": way, "jobId": job, "pipeline": []}).encode()


def order(job: str = "j", *, untouched: float = 0) -> Publication:
    """What the notifier says."""
    return removal.remove(Remove(job_id=job, reason="after 30 days", untouched_seconds=untouched))


def stones(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob("removed/2*/*"))


async def ended(fleet: Fleet) -> None:
    """The job `j` is done."""
    await fleet.send(link("x"))
    assert isinstance(await fleet.event(Result), Result)
    assert list(fleet.root.glob("jobs/j/*/*/*"))


async def test_the_files_of_a_job_go_and_a_redelivery_of_its_step_makes_no_new_ones(fleet: Fleet) -> None:
    """It is told as cancelled, with the reason; nothing is parked, and nothing was worked."""
    worker = fleet.worker("two_files")
    await ended(fleet)
    await fleet.session.publish(order())
    await fleet.until(lambda: not (fleet.root / "jobs" / "j").exists())
    await fleet.send(link("x"))
    error = await fleet.event(Error)
    assert isinstance(error, Error)
    assert error.payload.cancelled
    assert "the job was over and its files were removed: after 30 days on " in error.payload.error
    assert worker.signs.tally.processed == 1
    assert not (fleet.root / "jobs" / "j").exists()
    assert not fleet.broker.queues["download_queue_parked"].ready
    assert (fleet.root / "runs").read_text() == "j/download/0\n"


async def test_one_of_a_hosts_workers_carries_an_order_out(fleet: Fleet) -> None:
    """They share a queue; what is said twice is done once."""
    workers = [fleet.worker("two_files"), fleet.worker("two_files")]
    await fleet.until(lambda: all(worker.signs.status.status is WorkerStatus.IDLE for worker in workers))
    await ended(fleet)
    await fleet.session.publish(order(), order(), order("never-was"))
    queue = fleet.broker.queues[f"removals.{load({}).host}"]
    await fleet.until(lambda: not queue.ready and not any(consumer.unsettled for consumer in queue.consumers))
    assert len(queue.consumers) == 2
    assert stones(fleet.root) == ["j", "never-was"]
    assert not list(fleet.root.glob("removed/pit/*"))


async def test_a_job_that_is_at_work_is_left_alone(fleet: Fleet) -> None:
    """However old the rest of it is: the step is done as if nothing had been said."""
    worker = fleet.worker("behave")
    await fleet.send(link("half"))
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.PROCESSING)
    await fleet.until(lambda: list(fleet.root.glob("work/j.*")))
    await fleet.session.publish(order())
    queue = fleet.broker.queues[f"removals.{load({}).host}"]
    await fleet.until(lambda: not queue.ready and not any(consumer.unsettled for consumer in queue.consumers))
    (fleet.root / "go").touch()
    assert isinstance(await fleet.event(Result), Result)
    assert stones(fleet.root) == []


async def test_what_was_finished_lately_is_kept_whoever_says_otherwise(fleet: Fleet) -> None:
    """The notifier may not have heard of it yet."""
    fleet.worker("two_files")
    await ended(fleet)
    await fleet.session.publish(order(untouched=3600))
    queue = fleet.broker.queues[f"removals.{load({}).host}"]
    await fleet.until(lambda: not queue.ready and not any(consumer.unsettled for consumer in queue.consumers))
    assert list(fleet.root.glob("jobs/j/*/*/a.txt"))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"type":"remove","jobId":"../x","reason":"","untouchedSeconds":0}'])
async def test_an_order_that_cannot_be_read_is_dropped(fleet: Fleet, body: bytes) -> None:
    """It names no folder, and holds up nobody."""
    fleet.worker("two_files")
    await ended(fleet)
    await fleet.session.publish(Publication(exchange="removals", routing_key="remove", body=body), order())
    await fleet.until(lambda: not (fleet.root / "jobs" / "j").exists())
