"""The notifier, whole: events of a fleet in, one notice a job out, whatever is repeated, killed or out of order."""

from __future__ import annotations

import logging
import random

import pytest

from clipmill import topology
from clipmill.session import Publication
from clipmill_notifier.outbox import delay_after
from tests.unit.notifier.conftest import ANSWERS, Bench, listening
from tests.unit.notifier.job import done, given_up, later, root, spawned, whole

pytestmark = pytest.mark.anyio


async def test_a_job_that_went_well_is_told_once_with_its_files(bench: Bench) -> None:
    """Three parts and a preview, by absolute path in the store, on the queue that the job named."""
    bench.start()
    await bench.tell(*whole("job", replyTo=ANSWERS))
    notice = await bench.notice()
    assert (notice.id, notice.payload.ending, notice.payload.sender) == ("job/notice", "succeeded", "user123")
    assert notice.payload.title == "Big Buck Bunny is ready: 3 parts and 1 preview"
    assert [file.path for file in notice.payload.files] == [
        "/store/jobs/job/cutter/0/0.mp4",
        "/store/jobs/job/cutter/0/1.mp4",
        "/store/jobs/job/cutter/0/2.mp4",
        "/store/jobs/job/preview/0/0.mp4",
    ]
    await bench.settled()
    assert bench.heard_all()


async def test_events_in_any_order_and_twice_make_one_notice(bench: Bench) -> None:
    """A preview that is heard of before its download, everything redelivered: still one."""
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    events = [event for number in range(20) for event in whole(f"job{number}") * 2]
    random.Random(7).shuffle(events)
    await bench.tell(*events)
    told = {(await bench.notice()).id for _ in range(20)}
    assert told == {f"job{number}/notice" for number in range(20)}
    await bench.settled()
    assert bench.heard_all()


async def test_nothing_is_told_while_a_step_is_open(bench: Bench) -> None:
    """Not when the download is there, not when the parts are."""
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    *first, last = whole("job")
    await bench.tell(*first)
    await bench.settled()
    assert bench.heard_all()
    await bench.tell(last)
    assert (await bench.notice()).payload.ending == "succeeded"


async def test_the_tree_of_a_job_outlives_the_notifier(bench: Bench) -> None:
    """Stopped after two of three events, started again: the third one closes the job."""
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    *first, last = whole("job")
    await bench.tell(*first)
    await bench.settled()
    await bench.stop()
    await bench.tell(last)
    bench.start()
    assert (await bench.notice()).id == "job/notice"


async def test_a_repetition_after_a_restart_tells_nothing_new(bench: Bench) -> None:
    """The broker may redeliver what was taken before the restart."""
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    await bench.tell(*whole("job"))
    await bench.notice()
    await bench.stop()
    bench.start()
    await bench.tell(*whole("job"))
    await bench.settled()
    assert bench.heard_all()
    assert bench.rows("SELECT id FROM notices") == [("job/notice",)]


async def test_a_failure_is_told_with_its_reason(bench: Bench) -> None:
    """No files, and why."""
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    await bench.tell(given_up(root("job"), "the video is private"))
    told = (await bench.notice()).payload
    assert (told.ending, told.files) == ("failed", [])
    assert [failure.reason for failure in told.failures] == ["the video is private"]


async def test_a_parked_step_that_is_retried_with_success_is_told_anew(bench: Bench) -> None:
    """First in part, then whole: the second notice has an id of its own."""
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    first = root("job")
    cutter, preview = spawned(first)
    await bench.tell(done(first), done(cutter, 3), given_up(preview))
    assert (await bench.notice()).payload.ending == "partly"
    await bench.tell(done(preview))
    again = await bench.notice()
    assert (again.id, again.payload.ending) == ("job/notice/2", "succeeded")


async def test_a_step_that_was_retried_in_vain_is_not_told_again(bench: Bench) -> None:
    """The same end for the same reason is no news."""
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    error = given_up(root("job"))
    await bench.tell(error)
    await bench.notice()
    await bench.tell(later(error, 60_000))
    await bench.settled()
    assert bench.heard_all()


async def test_an_event_that_makes_no_sense_holds_up_no_other(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """It is said in the log, and settled."""
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    strange = done(root("job"))
    body = strange.body.replace(b'"stepId":"job/download/0"', b'"stepId":"../../etc/passwd"')
    gabble = [Publication(exchange=topology.RESULTS, routing_key="result.download", body=text) for text in (body, b"{")]
    await bench.tell(*gabble, *whole("good"))
    assert (await bench.notice()).id == "good/notice"
    assert "an event is left out" in caplog.text


async def test_the_journal_names_job_sender_ending_and_files(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Without any setting, one line of the log tells it."""
    caplog.set_level(logging.INFO)
    bench.start()
    await bench.tell(*whole("job", parts=1))
    await bench.until(lambda: "job job succeeded" in caplog.text)
    assert (
        "job job succeeded: Big Buck Bunny is ready: 1 part and 1 preview; for user123;"
        " files: /store/jobs/job/cutter/0/0.mp4 /store/jobs/job/preview/0/0.mp4" in caplog.text
    )


async def test_the_notifier_goes_on_after_its_session_was_cut(bench: Bench) -> None:
    """What was not acked comes again, and is told once."""
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    *first, last = whole("job")
    await bench.tell(*first)
    await bench.settled()
    bench.broker.cut()
    async with listening(bench.root, bench.broker) as after:
        await after.tell(last)
        assert (await after.notice()).id == "job/notice"


async def test_a_reply_queue_of_our_own_is_refused(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A notice on a work queue would be taken for work; the job itself ends as ever."""
    bench.start()
    await bench.tell(*whole("job", replyTo="cutter_queue"))
    await bench.until(lambda: "given up" in caplog.text)
    assert "is a queue of clipmill itself" in caplog.text
    await bench.settled()
    assert dict(bench.rows("SELECT channel, state FROM deliveries")) == {"journal": "sent", "reply-queue": "refused"}


async def test_a_reply_queue_that_is_not_there_is_tried_again(bench: Bench) -> None:
    """Its receiver may be about to make it anew; the try, the reason and the next time are kept."""
    bench.start()
    await bench.tell(*whole("job", replyTo="gone"))
    await bench.until(lambda: bench.rows("SELECT 1 FROM deliveries WHERE trouble IS NOT NULL"))
    ((tries, trouble, state),) = bench.rows(
        "SELECT tries, trouble, state FROM deliveries WHERE channel = 'reply-queue'"
    )
    assert (tries, state) == (1, "due")
    assert "no queue takes messages for" in trouble


async def test_a_reply_queue_that_stays_away_is_given_up(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """After ten tries, in three quarters of an hour; the notice is kept."""
    bench.start()
    await bench.tell(*whole("job", replyTo="gone"))
    await bench.settled()
    await bench.stop()
    bench.write("UPDATE deliveries SET tries = 9, due_at = 0 WHERE channel = 'reply-queue'")
    bench.start()
    await bench.until(lambda: "given up" in caplog.text)
    await bench.settled()
    assert bench.rows("SELECT state, tries FROM deliveries WHERE channel = 'reply-queue'") == [("refused", 10)]


async def test_what_is_old_and_told_is_forgotten_and_nothing_else(bench: Bench) -> None:
    """A job that is open, one that ended lately, and one whose notice still waits are all kept."""
    bench.start()
    await bench.tell(*whole("old"), *whole("late"), *whole("waiting", replyTo="gone"), *whole("open")[:2])
    await bench.settled()
    await bench.stop()
    bench.write("UPDATE jobs SET closed_at = 1, removal_at = 1 WHERE job_id IN ('old', 'waiting')")
    bench.start()
    await bench.until(lambda: len(bench.rows("SELECT 1 FROM jobs")) == 3)
    for table in ("jobs", "steps", "notices"):
        assert ("old",) not in bench.rows(f"SELECT job_id FROM {table}")
    assert {job for (job,) in bench.rows("SELECT job_id FROM jobs")} == {"late", "waiting", "open"}
    assert {name for (name,) in bench.rows("SELECT notice_id FROM deliveries")} == {"late/notice", "waiting/notice"}


def test_the_delay_doubles_from_five_seconds_to_an_hour() -> None:
    """For as long as it takes."""
    assert [delay_after(tries) // 1000 for tries in (1, 2, 3, 10, 11, 1000)] == [5, 10, 20, 2560, 3600, 3600]
