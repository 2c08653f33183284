"""A disk that really is full: a small file system under the store, filled up while workers run over it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from clipmill import cancellation, obstacles
from clipmill.events import Error, Result
from clipmill.session import Publication
from clipmill.worker_status import WorkerStatus
from tests.rig import disk
from tests.rig.requirement import root_required
from tests.unit.core.conftest import Fleet, fleet_at

pytestmark = pytest.mark.anyio

MEGABYTES = 64
RESERVE = {"DISK_RESERVE": "4M"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store on a file system of 64 MiB."""
    root_required()
    with disk.small_disk(tmp_path / "store", megabytes=MEGABYTES):
        yield tmp_path / "store"


@pytest.fixture
async def fleet(store: Path) -> AsyncIterator[Fleet]:
    async with fleet_at(store) as fleet:
        yield fleet
        disk.free(store)
        (store / "go").touch()


async def cut(fleet: Fleet, way: str = "done", *, megabytes: int = 20, job: str = "j") -> None:
    """A step of the cutter with a source of that size; `way` is what its handler does."""
    disk.write(fleet.root / "jobs" / f"{job}.mp4", megabytes=megabytes)
    step = {"jobId": job, "stepId": f"{job}/cutter/0", "link": way, "filePath": f"jobs/{job}.mp4"}
    await fleet.send(json.dumps(step).encode(), "cutter")


def on_rungs(fleet: Fleet) -> list[dict[str, Any]]:
    """The steps that wait for another attempt."""
    rungs = [queue for name, queue in fleet.broker.queues.items() if name.startswith("retry_")]
    return [json.loads(message.publication.body) for rung in rungs for message in rung.ready]


async def test_a_step_waits_for_room_in_the_workers_hand_and_goes_on_by_itself(fleet: Fleet) -> None:
    """Twice its source: 38 MiB and the reserve are wanted, 35 are free. It says so, and nothing was attempted."""
    disk.write(fleet.root / disk.FILLER, megabytes=10)
    await cut(fleet, megabytes=19)
    worker = fleet.worker("behave", "cutter", **RESERVE)
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.ERROR)
    assert "waiting for room on the disk" in worker.signs.note
    assert "for job j: 35 MiB free, 38 MiB more are needed and 4 MiB stay free (DISK_RESERVE)" in worker.signs.note
    disk.free(fleet.root)
    result = await fleet.event(Result)
    assert isinstance(result, Result)
    assert (result.attempt, worker.signs.tally.processed) == (1, 1)


async def test_dead_letters_are_decided_while_a_step_waits_for_room(fleet: Fleet) -> None:
    """What failed for good is told, whatever the disk is like."""
    disk.fill(fleet.root)
    worker = fleet.worker("behave", "cutter", **RESERVE)
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.ERROR)
    dead = {"jobId": "d", "stepId": "d/cutter/0", "link": "x", "attempt": 6}
    await fleet.send(json.dumps(dead).encode(), queue="cutter_queue_dlq", headers={"x-reason": "it failed"})
    error = await fleet.event(Error)
    assert isinstance(error, Error)
    assert error.job_id == "d"


async def test_a_step_that_no_emptier_disk_could_hold_ends_with_the_reason(fleet: Fleet) -> None:
    """Its source of 30 MiB, twice that, and the reserve are more than 64."""
    fleet.worker("behave", "cutter", **RESERVE)
    await cut(fleet, megabytes=30)
    error = await fleet.event(Error)
    assert isinstance(error, Error)
    assert error.payload.cause == "disk"
    assert "it can never fit: the whole disk has 64 MiB" in error.payload.error
    assert len(fleet.broker.queues["cutter_queue_parked"].ready) == 1


async def test_a_step_that_waits_for_room_is_cancelled_at_once(fleet: Fleet) -> None:
    """Within the two seconds that a running one has."""
    disk.write(fleet.root / disk.FILLER, megabytes=10)
    worker = fleet.worker("behave", "cutter", **RESERVE)
    await cut(fleet)
    await fleet.until(lambda: "for job j" in worker.signs.note)
    await fleet.session.publish(cancellation.cancel("j"))
    error = await asyncio.wait_for(fleet.event(Error), 2)
    assert isinstance(error, Error)
    assert error.payload.cancelled


async def test_a_step_that_waits_for_room_is_given_back_at_once_when_the_worker_drains(fleet: Fleet) -> None:
    """It has not begun: there is nothing to finish."""
    disk.write(fleet.root / disk.FILLER, megabytes=10)
    worker = fleet.worker("behave", "cutter", **RESERVE)
    await cut(fleet)
    await fleet.until(lambda: "for job j" in worker.signs.note)
    worker.drain()
    await asyncio.wait_for(fleet.tasks[0][1], 5)
    assert len(fleet.broker.queues["cutter_queue"].ready) == 1


async def test_a_step_that_waits_long_makes_way_for_others_and_pays_no_attempt(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes round by a rung as the first attempt that it was; a smaller one behind it is done meanwhile."""
    monkeypatch.setattr(obstacles, "_PATIENCE_SECONDS", 0)
    disk.write(fleet.root / disk.FILLER, megabytes=10)
    fleet.worker("behave", "cutter", **RESERVE)
    await cut(fleet)
    await fleet.until(lambda: on_rungs(fleet))
    await cut(fleet, megabytes=1, job="small")
    result = await fleet.event(Result)
    assert isinstance(result, Result)
    assert result.job_id == "small"
    assert [(step["jobId"], step.get("attempt", 1)) for step in on_rungs(fleet)] == [("j", 1)]


async def test_what_the_last_attempt_left_counts_as_room(fleet: Fleet) -> None:
    """Or a step would wait for the room that its own half-done work takes."""
    half = fleet.root / "work" / "j.cutter.0" / "half"
    disk.write(half, megabytes=30)
    fleet.worker("behave", "cutter", **RESERVE)
    await cut(fleet, megabytes=15)
    assert isinstance(await fleet.event(Result), Result)


async def test_of_two_steps_that_touch_the_reserve_one_gives_way_and_the_other_is_done(fleet: Fleet) -> None:
    """It gives back what it wrote, and comes again as an attempt more; nobody else has to."""
    for _ in range(2):
        fleet.worker("behave", "cutter", DISK_RESERVE="8M")
    for job in ("a", "b"):
        await cut(fleet, "grow", megabytes=1, job=job)
    await fleet.until(lambda: len(list(fleet.root.glob("work/*/half"))) == 2)
    await fleet.until(lambda: all(path.stat().st_size == 20 << 20 for path in fleet.root.glob("work/*/half")))
    disk.write(fleet.root / disk.FILLER, megabytes=16)
    await fleet.until(lambda: on_rungs(fleet))
    ((job, attempt),) = [(step["jobId"], step.get("attempt", 1)) for step in on_rungs(fleet)]
    assert attempt == 2
    assert [path.parent.name for path in fleet.root.glob("work/*/half")] == [
        "b.cutter.0" if job == "a" else "a.cutter.0"
    ]
    (fleet.root / "go").touch()
    result = await fleet.event(Result)
    assert isinstance(result, Result)
    assert result.job_id != job


async def test_a_step_that_runs_out_of_room_keeps_none(fleet: Fleet) -> None:
    """Its reason is the disk, and it comes again when there is room."""
    fleet.worker("behave", "cutter", **RESERVE)
    await cut(fleet, "fill", megabytes=1)
    await fleet.until(lambda: on_rungs(fleet))
    assert on_rungs(fleet)[0]["attempt"] == 2
    assert list((fleet.root / "work").iterdir()) == []


async def test_what_arrives_just_as_a_worker_pauses_is_not_kept_waiting_for_the_sessions_end(fleet: Fleet) -> None:
    """In whichever turn of the loop it comes: one of them is the last before the consumer ends."""
    worker = fleet.worker("behave", "cutter", **RESERVE)
    for turns in range(24):
        await fleet.until(lambda: worker.signs.status.status is WorkerStatus.IDLE)
        fleet.broker.flow.block("the broker takes no messages: low on disk")
        for _ in range(turns):
            await asyncio.sleep(0)
        step = {"jobId": f"j{turns}", "stepId": f"j{turns}/cutter/0", "link": "done"}
        fleet.session.post(Publication(exchange="", routing_key="cutter_queue", body=json.dumps(step).encode()))
        await fleet.until(lambda: worker.signs.status.status is not WorkerStatus.IDLE)
        fleet.broker.flow.resume()
        assert isinstance(await fleet.event(Result), Result)


async def test_what_is_found_corrupt_on_a_full_disk_is_looked_at_again(fleet: Fleet) -> None:
    """A program that cannot write says all sorts of things; with room, its verdict holds."""
    worker = fleet.worker("behave", "cutter", **RESERVE)
    await cut(fleet, "unmask", megabytes=1)
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.PROCESSING)
    disk.fill(fleet.root)
    await fleet.until(lambda: on_rungs(fleet))
    assert on_rungs(fleet)[0]["attempt"] == 2
    disk.free(fleet.root)
    (fleet.root / "go").touch()
    await cut(fleet, "unmask", megabytes=1, job="again")
    error = await fleet.event(Error)
    assert isinstance(error, Error)
    assert (error.job_id, error.payload.cause) == ("again", "corrupt")
