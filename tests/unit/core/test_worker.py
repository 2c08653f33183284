"""The worker, whole: its loop, its real child, over the in-process broker."""

import asyncio
import json
import os
import signal

import pytest

from clipmill import cancellation, messages, topology
from clipmill.events import Error, Progress, Result
from clipmill.worker_status import WorkerStatus
from tests.unit.core.conftest import Fleet

pytestmark = pytest.mark.anyio

OLD = b'{"link": "https://example.org/v", "from": "user123", "noreply": false}'


def link(way: str, **more: object) -> bytes:
    """An old producer's message whose link tells the handler what to do."""
    return json.dumps({"link": way, "from": "user123"} | more).encode()


async def test_a_message_of_an_old_producer_becomes_artifacts_and_following_steps(fleet: Fleet) -> None:
    """Admitted, worked, committed; each file goes to cutter and preview; one result tells it with the old keys."""
    fleet.worker("two_files")
    await fleet.send(OLD)
    result = await fleet.event(Result)
    assert isinstance(result, Result)
    assert result.queue_name == "download_queue"
    assert (result.payload.sender, result.payload.noreply) == ("user123", False)
    assert result.payload.results == [f"jobs/{result.job_id}/download/0/{name}" for name in ("a.txt", "b.txt")]
    assert result.payload.spawned == [
        f"{result.job_id}/{service}/{n}" for n in (0, 1) for service in ("cutter", "preview")
    ]
    assert (fleet.root / result.payload.results[0]).read_text() == "a.txt of https://example.org/v"
    for number in (0, 1):
        step = messages.read_step(json.loads((await fleet.take("cutter_queue")).body))
        assert step.id == f"{result.job_id}/cutter/{number}"
        assert step.parent_id == result.step_id
        assert step.about["title"] == f"Title of {'ab'[number]}.txt"


async def test_nothing_is_left_behind(fleet: Fleet) -> None:
    """The workspace is gone once the step is done."""
    fleet.worker("two_files")
    await fleet.send(OLD)
    await fleet.event(Result)
    assert list((fleet.root / "work").iterdir()) == []


async def test_progress_is_told_on_the_way(fleet: Fleet) -> None:
    """0 when an attempt begins, then what the handler says: of what comes in quick succession, the last."""
    fleet.worker("behave")
    await fleet.send(link("half"))
    seen = [await fleet.event(Progress), await fleet.event(Progress)]
    (fleet.root / "go").touch()
    assert [(e.payload.percent, e.payload.note) for e in seen if isinstance(e, Progress)] == [(0, ""), (50, "half")]


async def test_the_same_message_id_is_the_same_job(fleet: Fleet) -> None:
    """A producer that sends twice gets one job, worked once; the second is answered from the manifest."""
    fleet.worker("two_files")
    for _ in range(2):
        await fleet.send(OLD, message_id="order-7")
    first, second = await fleet.event(Result), await fleet.event(Result)
    assert first == second or (first.id == second.id)  # type: ignore[union-attr]
    assert len((fleet.root / "runs").read_text().splitlines()) == 1


async def test_unknown_fields_travel_on(fleet: Fleet) -> None:
    """A field of a later version, or of the producer's own, reaches the following steps."""
    fleet.worker("two_files")
    await fleet.send(link("x", campaign={"id": 9}))
    await fleet.event(Result)
    assert json.loads((await fleet.take("cutter_queue")).body)["campaign"] == {"id": 9}


@pytest.mark.parametrize(
    ("way", "reason", "permanent"),
    [
        ("retry", "the site is down", False),
        ("reject", "there is no video", True),
        ("segfault", "crashed in native code (SIGSEGV)", False),
        ("kill", "killed (SIGKILL", False),
        ("exit", "ended with status 3", False),
        ("raise", "ZeroDivisionError: nobody expected this", False),
        ("tool", "the tool is broken for good", True),
        ("gabble", "", False),
    ],
)
async def test_however_an_attempt_fails_it_is_decided_by_its_reason(
    fleet: Fleet, way: str, reason: str, permanent: bool
) -> None:
    """What may pass waits on the first rungs with attempt 2; what may not is parked and told. The worker lives on."""
    fleet.worker("behave")
    await fleet.send(link(way))
    if permanent:
        error = await fleet.event(Error)
        assert isinstance(error, Error)
        assert reason in error.payload.error
        assert error.queue_name == "download_queue_dlq"
        parked = await fleet.take("download_queue_parked")
        assert json.loads(parked.body)["link"] == way
        assert reason in str(parked.headers["x-reason"])
    else:
        rungs = [fleet.broker.queues[name] for name in ("retry_5s", "retry_30s")]
        await fleet.until(lambda: any(rung.ready for rung in rungs))
        waiting = next(rung.ready[0] for rung in rungs if rung.ready)
        assert json.loads(waiting.publication.body)["attempt"] == 2
    await fleet.send(link("done"))
    await fleet.event(Result)


async def test_the_sixth_attempt_is_the_last(fleet: Fleet) -> None:
    """Five retries, then the parking lot and one error."""
    fleet.worker("behave")
    job = {"jobId": "j", "stepId": "j/download/0", "attempt": 6}
    await fleet.send(link("retry", **job))
    error = await fleet.event(Error)
    assert isinstance(error, Error)
    assert (error.job_id, error.attempt, error.payload.cause) == ("j", 6, "network")
    assert json.loads((await fleet.take("download_queue_parked")).body)["attempt"] == 6


async def test_what_was_given_back_too_often_is_tried_once_more_after_the_longest_wait(fleet: Fleet) -> None:
    """Drains and cut connections count at the broker like crashes: no proof against a step. Twice is enough, though."""
    await fleet.send(OLD, message_id="unlucky")
    await _give_back_too_often(fleet)
    await fleet.until_settled("download_queue_dlq")
    again = await fleet.take("retry_3600s")
    assert json.loads(again.body).get("attempt", 1) == 1
    await fleet.send(again.body, headers=dict(again.headers))
    await _give_back_too_often(fleet)
    await fleet.until_settled("download_queue_dlq")
    parked = await fleet.take("download_queue_parked")
    assert parked.headers["x-cause"] == "delivery-limit"
    told = await fleet.event(Error)
    assert isinstance(told, Error)
    assert (told.payload.error, told.payload.sender) == ("it was delivered too often without being settled", "user123")


async def _give_back_too_often(fleet: Fleet) -> None:
    """Until the broker dead-letters it."""
    while await fleet.session.depth("download_queue"):
        session = await fleet.broker.open()
        async with session.consume("download_queue", prefetch=1) as deliveries:
            await anext(aiter(deliveries))
        await session.close()
    assert await fleet.session.depth("download_queue_dlq") == 1


async def test_cancelled_is_told_and_not_parked(fleet: Fleet) -> None:
    """One event, no dead letter."""
    fleet.worker("behave")
    await fleet.send(link("cancelled"))
    error = await fleet.event(Error)
    assert isinstance(error, Error)
    assert error.payload.cancelled
    assert not fleet.broker.queues["download_queue_parked"].ready


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"no json", "no JSON"),
        (b"", "no JSON"),
        (b"[1, 2]", "not an object"),
        (b'{"from": "user123"}', '"link"'),
        (b'{"link": 7, "from": "user123"}', "shape"),
        (b'{"link": "x", "jobId": "../../etc"}', "no jobId"),
        (b'{"link": "x", "jobId": "j", "stepId": "k/download/0"}', "does not belong"),
        (b'{"link": "x", "jobId": "j", "stepId": "j/cutter/0"}', "is for cutter"),
        (b'{"link": "x", "jobId": "j", "stepId": "j/download/../../x"}', "no stepId"),
        (b'{"link": "x", "attempt": "many"}', "shape"),
        (b"[" * 100_000, "no JSON"),
    ],
)
async def test_a_message_that_cannot_be_read_is_answered_and_parked(fleet: Fleet, body: bytes, reason: str) -> None:
    """A clear error for the sender, the message untouched for a person, and the next message is worked."""
    fleet.worker("behave")
    await fleet.send(body)
    error = await fleet.event(Error)
    assert isinstance(error, Error)
    assert error.payload.cause == "malformed"
    assert reason in error.payload.error
    assert (await fleet.take("download_queue_parked")).body == body
    await fleet.send(link("done"))
    await fleet.event(Result)


@pytest.mark.parametrize("key", ["/etc/shadow", "../outside", "jobs/../../etc/passwd", "inbox/\x00", "missing.mp4"])
async def test_a_file_outside_the_store_is_refused(fleet: Fleet, key: str) -> None:
    """Never opened, never retried; the reason names the path."""
    fleet.worker("two_files")
    await fleet.send(json.dumps({"filePath": key, "from": "user123"}).encode())
    error = await fleet.event(Error)
    assert isinstance(error, Error)
    assert (
        "outside the store" in error.payload.error
        or "cannot be read" in error.payload.error
        or "no path" in (error.payload.error)
    )


async def test_a_step_goes_on_while_its_session_is_lost_and_is_done_once(fleet: Fleet) -> None:
    """The redelivery takes the lost delivery's place."""
    worker = fleet.worker("behave")
    await fleet.send(link("wait"))
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.PROCESSING)
    fleet.broker.stop()
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.ERROR)
    fleet.broker.start()
    fleet.session = await fleet.broker.open()
    (fleet.root / "go").touch()
    result = await fleet.event(Result)
    assert isinstance(result, Result)
    assert worker.signs.tally.processed == 1


async def test_a_drain_finishes_the_step_at_hand_and_takes_no_other(fleet: Fleet) -> None:
    """SIGTERM's way: the second message stays for another worker."""
    worker = fleet.worker("behave")
    await fleet.send(link("wait"))
    await fleet.send(link("done"))
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.PROCESSING)
    worker.drain()
    (fleet.root / "go").touch()
    await asyncio.wait_for(fleet.tasks[0][1], 20)
    assert worker.signs.tally.successful == 1
    await fleet.event(Result)
    ready = fleet.broker.queues["download_queue"].ready
    assert [json.loads(message.publication.body)["link"] for message in ready] == ["done"]


async def test_a_drain_that_takes_too_long_gives_the_step_back(fleet: Fleet) -> None:
    """Nothing is acked, so another worker gets it."""
    worker = fleet.worker("behave", DRAIN_TIMEOUT="0.2")
    await fleet.send(link("wait"))
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.PROCESSING)
    worker.drain()
    await asyncio.wait_for(fleet.tasks[0][1], 20)
    assert len(fleet.broker.queues["download_queue"].ready) == 1
    (fleet.root / "go").touch()
    fleet.worker("behave")
    await fleet.event(Result)


async def test_a_worker_told_twice_to_stop_gives_the_step_back_at_once(fleet: Fleet) -> None:
    """What a rolling restart says to one that takes too long; nothing has crashed by that."""
    worker = fleet.worker("behave", DRAIN_TIMEOUT="3600")
    await fleet.send(link("wait"))
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.PROCESSING)
    worker.drain()
    worker.drain()
    await asyncio.wait_for(fleet.tasks[0][1], 20)
    assert len(fleet.broker.queues["download_queue"].ready) == 1
    assert [path.read_text().strip() for path in (fleet.root / "workers").glob("*/running")] == [""]


async def test_a_worker_survives_the_murder_of_its_child(fleet: Fleet) -> None:
    """The kill is an outcome; the next child takes the next step."""
    worker = fleet.worker("behave")
    await fleet.send(link("wait"))
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.PROCESSING)
    victim = worker.signs.child_pid()
    assert victim
    os.kill(victim, signal.SIGKILL)
    await fleet.send(link("done"))
    await fleet.event(Result)
    assert worker.signs.child_pid() not in (None, victim)


async def test_an_attempt_that_takes_too_long_is_ended(fleet: Fleet) -> None:
    """JOB_TIMEOUT kills the child's group and the step is tried again later."""
    fleet.worker("behave", JOB_TIMEOUT="0.5")
    await fleet.send(link("wait"))
    rungs = [fleet.broker.queues[name] for name in ("retry_5s", "retry_30s")]
    await fleet.until(lambda: any(rung.ready for rung in rungs))


async def test_without_room_on_the_disk_no_step_is_taken(fleet: Fleet) -> None:
    """The worker waits and says for what."""
    worker = fleet.worker("behave", DISK_RESERVE="900000G")
    await fleet.send(link("done"))
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.ERROR)
    assert "room on the disk" in worker.signs.note
    assert len(fleet.broker.queues["download_queue"].ready) == 1


async def test_an_attempt_without_progress_is_ended(fleet: Fleet) -> None:
    """STALL_TIMEOUT, told apart from an attempt that takes too long."""
    fleet.worker("behave", STALL_TIMEOUT="0.3")
    await fleet.send(link("wait"))
    rungs = [fleet.broker.queues[name] for name in ("retry_5s", "retry_30s")]
    await fleet.until(lambda: any(rung.ready for rung in rungs))


async def test_a_child_over_its_memory_limit_is_replaced_between_steps(fleet: Fleet) -> None:
    """Never in one; the worker's own process stays."""
    worker = fleet.worker("behave", CHILD_MEMORY="1M")
    await fleet.send(link("done"))
    await fleet.event(Result)
    first = worker.signs.child_pid()
    await fleet.until(lambda: worker.signs.child_pid() not in (None, first))
    await fleet.send(link("done"))
    await fleet.event(Result)


async def test_while_the_broker_takes_no_messages_no_step_is_taken(fleet: Fleet) -> None:
    """Its memory alarm: the worker says so, and goes on by itself."""
    worker = fleet.worker("behave")
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.IDLE)
    fleet.broker.flow.block("the broker takes no messages: low on memory")
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.ERROR)
    assert "low on memory" in worker.signs.note
    fleet.broker.flow.resume()
    await fleet.send(link("done"))
    await fleet.event(Result)


async def test_a_running_job_that_is_cancelled_ends_at_once(fleet: Fleet) -> None:
    """Its child is ended, one event says so, nothing is parked; the worker takes the next."""
    worker = fleet.worker("behave")
    await fleet.send(link("wait", jobId="unwanted"))
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.PROCESSING)
    await fleet.session.publish(cancellation.cancel("unwanted"))
    error = await asyncio.wait_for(fleet.event(Error), 2)
    assert isinstance(error, Error)
    assert error.payload.cancelled
    assert error.job_id == "unwanted"
    await fleet.send(link("done"))
    await fleet.event(Result)
    assert not fleet.broker.queues["download_queue_parked"].ready


async def test_a_job_that_is_cancelled_while_no_worker_is_there_never_starts(fleet: Fleet) -> None:
    """The cancellation is kept until a worker takes it to heart."""
    await fleet.send(link("wait", jobId="unwanted"))
    await fleet.session.publish(cancellation.cancel("unwanted"))
    worker = fleet.worker("behave")
    error = await fleet.event(Error)
    assert isinstance(error, Error)
    assert error.payload.cancelled
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.IDLE)


async def test_while_what_follows_is_refused_the_delivery_stays_with_its_worker(fleet: Fleet) -> None:
    """Nobody takes the steps that follow: nothing is acked, nothing is lost, and it goes on when somebody does."""
    worker = fleet.worker("two_files")
    cutter = fleet.broker.bindings.index(("jobs", "cutter", "cutter_queue"))
    missing = fleet.broker.bindings.pop(cutter)
    await fleet.send(OLD)
    await fleet.until(lambda: worker.signs.status.status is WorkerStatus.ERROR)
    assert "no queue takes messages for jobs/cutter" in worker.signs.note
    fleet.broker.bindings.append(missing)
    result = await fleet.event(Result)
    assert isinstance(result, Result)
    assert (await fleet.take("cutter_queue")).message_id == f"{result.job_id}/cutter/0"


async def test_a_step_that_must_not_run_yet_climbs_the_rungs_again_and_no_attempt_is_counted(fleet: Fleet) -> None:
    """A site's Retry-After of a minute is longer than the rung of 30 s."""
    fleet.worker("behave")
    early = {"jobId": "j", "stepId": "j/download/0", "link": "done", "attempt": 3, "notBefore": messages.now() + 60_000}
    await fleet.send(json.dumps(early).encode())
    waiting = fleet.broker.queues[topology.rung(30)].ready
    await fleet.until(lambda: waiting)
    assert json.loads(waiting[0].publication.body) == early


async def test_a_step_that_must_not_run_before_the_year_9999_is_given_up(fleet: Fleet) -> None:
    """It would climb the rungs for ever, and nobody would be told."""
    fleet.worker("behave")
    late = {"jobId": "j", "stepId": "j/download/0", "link": "done", "notBefore": 253_402_300_799_000}
    await fleet.send(json.dumps(late).encode())
    end = await fleet.event(Error, Result)
    assert isinstance(end, Error)
    assert end.payload.cause == "malformed"
