"""Poison: a job that kills whoever works on it, and good ones behind it."""

import json
import signal

import pytest

from clipmill import dead_letter, topology
from clipmill.events import Error, Result
from clipmill.retry import ATTEMPTS
from tests.integration.faults.fleet import TOLD, Fleet

pytestmark = pytest.mark.anyio

GOOD = ["good"] * 5


async def test_a_job_that_kills_its_workers_child_each_time_is_parked_after_all_its_attempts(fleet: Fleet) -> None:
    """The worker never goes down; the five behind it are done, before the poison's last attempt and not after it."""
    worker = fleet.worker()
    fleet.notifier()
    await fleet.send("kill-child", *GOOD)
    ends = await fleet.ends(6)
    assert [type(ends[f"j{number}"]) for number in range(6)] == [Error, *[Result] * 5]
    assert list(ends)[-1] == "j0"
    await assert_parked_and_told(
        fleet, "the handler's process was killed (SIGKILL: the out-of-memory killer, or a person)"
    )
    assert [run.attempt for run in fleet.runs if run.step == "j0/download/0"] == [*range(1, ATTEMPTS + 1)]
    assert len({run.worker for run in fleet.runs}) == 1
    assert worker.deaths == []


async def test_a_job_that_kills_the_worker_itself_is_parked_at_its_third_delivery(fleet: Fleet) -> None:
    """Twice it takes the whole process with it, which is started again; then it is not tried any more."""
    worker = fleet.worker()
    fleet.notifier()
    await fleet.send("kill-worker", *GOOD)
    ends = await fleet.ends(6)
    assert [type(ends[f"j{number}"]) for number in range(6)] == [Error, *[Result] * 5]
    await assert_parked_and_told(fleet, "it has crashed its worker 2 times")
    assert len([run for run in fleet.runs if run.step == "j0/download/0"]) == 2
    assert worker.deaths == [-signal.SIGKILL] * 2


async def assert_parked_and_told(fleet: Fleet, reason: str) -> None:
    """The poison lies in the parking lot with the reason, alone, and its sender has read it; so have the others."""
    (parked,) = await fleet.take(topology.parking_lot("download"), 1)
    failure = dead_letter.read(parked)
    assert (parked.message_id, failure.reason, failure.cause) == ("j0/download/0", reason, "crash")
    notices = {notice["jobId"]: notice for notice in map(json.loads, [n.body for n in await fleet.take(TOLD, 6)])}
    assert notices["j0"]["payload"]["ending"] == "failed"
    (failure_told,) = notices["j0"]["payload"]["failures"]
    assert (failure_told["stepId"], failure_told["reason"]) == ("j0/download/0", reason)
    assert reason in notices["j0"]["payload"]["text"]
    assert [notices[f"j{number}"]["payload"]["ending"] for number in range(1, 6)] == ["succeeded"] * 5
