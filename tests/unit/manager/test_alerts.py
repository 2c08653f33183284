"""Alerts: hold time, hysteresis, least sample, one notice each way, reminders, silence, and a memory over restarts."""

from typing import Any

import msgspec
import pytest

from clipmill.events import MemoryUsage, WorkerMetrics
from clipmill_manager.alerts.book import AlertBook, Silence
from clipmill_manager.alerts.measures import MEASURES, Snapshot
from clipmill_manager.alerts.rule import Rule
from clipmill_manager.broker_view import BrokerView, QueueView
from clipmill_manager.entities import WorkerThread
from clipmill_manager.step_end import StepEnd

BROKER = BrokerView(name="broker", connected=True, version="4.0.5", seen_at=1, queues=[])
MINUTE = 60_000
LATE = 10_000_000
DISK = Rule(name="disk", measure="disk-share", above=0.9, recover=0.8, hold=MINUTE, severity="high", remind=60 * MINUTE)


def end(outcome: str = "done", *, site: str = "tube", service: str = "download", at: int = LATE) -> StepEnd:
    return StepEnd(service=service, outcome=outcome, cause="", site=site, at=at, waited=0, worked=0, bytes=0)


class Watch:
    """A book that is shown a disk, minute by minute."""

    def __init__(self, *rules: Rule, kept: bytes | None = None) -> None:
        self.book = AlertBook(rules or (DISK,), worker_id="mill/manager", kept=kept)
        self.now = LATE

    def see(self, used: float | None, *, minutes: float = 1) -> list[str]:
        self.now += int(minutes * MINUTE)
        seen = Snapshot(now=self.now, broker=BROKER, disk_used=used)
        return [alert.payload.news for alert in self.book.look(seen)]

    def restarted(self) -> "Watch":
        again = Watch(kept=self.book.kept())
        again.now = self.now
        return again


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_it_fires_once_when_it_has_held_long_enough_and_recovers_once(watch: Watch) -> None:
    told = [watch.see(used) for used in (0.5, 0.95, 0.96, 0.97, 0.5, 0.5)]
    assert told == [[], [], ["firing"], [], ["recovered"], []]


def test_a_short_peak_is_no_alert(watch: Watch) -> None:
    told = [watch.see(used, minutes=0.5) for used in (0.95, 0.5, 0.95, 0.5)]
    assert told == [[]] * 4


def test_between_the_two_thresholds_it_stays_as_it_is(watch: Watch) -> None:
    assert watch.see(0.85) == []
    told = [watch.see(used) for used in (0.95, 0.95, 0.85, 0.95, 0.81, 0.79)]
    assert told == [[], ["firing"], [], [], [], ["recovered"]]


def test_it_is_told_again_while_it_lasts(watch: Watch) -> None:
    watch.see(0.95)
    assert watch.see(0.95) == ["firing"]
    assert [watch.see(0.95, minutes=30) for _ in range(4)] == [[], ["reminder"], [], ["reminder"]]


def test_the_same_news_has_the_same_id_and_other_news_another(watch: Watch) -> None:
    for used in (0.95, 0.95, 0.95, 0.5, 0.95, 0.95):
        watch.see(used)
    ids = [alert.id for alert in watch.book.unsent]
    assert len(set(ids)) == len(ids) == 3


def test_a_silence_ends_and_then_it_is_told(watch: Watch) -> None:
    watch.book.silence(Silence(rule="disk", until=LATE + 10 * MINUTE, who="ann"))
    assert [watch.see(0.95) for _ in range(9)] == [[]] * 9
    assert watch.see(0.95, minutes=2) == ["firing"]


def test_a_silence_for_one_subject_silences_no_other(watch: Watch) -> None:
    watch.book.silence(Silence(rule="disk", subject="another", until=LATE + 60 * MINUTE, who="ann"))
    watch.see(0.95)
    assert watch.see(0.95) == ["firing"]


def test_who_was_not_told_that_it_fires_is_not_told_that_it_is_over(watch: Watch) -> None:
    watch.book.silence(Silence(rule="disk", until=LATE + 5 * MINUTE, who="ann"))
    assert [watch.see(used) for used in (0.95, 0.95, 0.95, 0.5, 0.5)] == [[], [], [], [], []]


def test_what_fires_is_known_after_a_restart_and_not_told_anew(watch: Watch) -> None:
    watch.see(0.95)
    watch.see(0.95)
    again = watch.restarted()
    assert [alert.payload.news for alert in again.book.unsent] == ["firing"]
    assert again.see(0.95) == []
    again.book.sent(again.book.unsent)
    assert again.restarted().see(0.5) == ["recovered"]
    assert again.restarted().book.unsent == []


def test_what_is_measured_no_more_is_over_but_not_right_after_a_start(watch: Watch) -> None:
    watch.see(0.95)
    watch.see(0.95)
    early = Snapshot(now=watch.now, since=watch.now - MINUTE, broker=BROKER, disk_used=None)
    assert watch.book.look(early) == []
    assert watch.see(None) == ["recovered"]


def test_a_share_of_too_few_is_no_alert() -> None:
    rule = Rule(name="site", measure="site-failure-share", above=0.5, recover=0.2, least=5, severity="low", remind=0)
    book = AlertBook([rule], worker_id="mill/manager")
    few = [end("failed")] * 4
    assert book.look(Snapshot(now=LATE, broker=BROKER, ends=few)) == []
    (alert,) = book.look(Snapshot(now=LATE, broker=BROKER, ends=[*few, end("failed"), end(site="other")]))
    assert (alert.payload.subject, alert.payload.text) == ("tube", "100% of the downloads failed")
    # fewer than enough say nothing, neither good nor bad
    assert book.look(Snapshot(now=LATE, broker=BROKER, ends=[end()])) == []
    assert [alert.payload.news for alert in book.look(Snapshot(now=LATE, broker=BROKER, ends=[end()] * 5))] == [
        "recovered"
    ]


def test_a_silence_that_is_over_is_forgotten(watch: Watch) -> None:
    watch.book.silence(Silence(rule="disk", until=LATE, who="ann"))
    watch.see(0.5)
    assert watch.book.silences == []


WORKER = WorkerThread(worker_id="mill/cutter@1", worker_path="cutter@1.service", service="cutter", host="mill")
FULL = msgspec.structs.replace(
    WORKER, memory_limit=100, metrics=WorkerMetrics(memory_usage=MemoryUsage(rss=60, child_rss=25)), cpu_share=0.95
)
QUEUE = msgspec.structs.replace(
    BROKER,
    queues=[
        QueueView(name="cutter_queue", kind="work", depth=30),
        QueueView(name="cutter_queue_dlq", kind="dead-letter", depth=9),
    ],
)


def seen(**what: Any) -> Snapshot:
    given: dict[str, Any] = {"now": LATE, "broker": BROKER} | what
    return Snapshot(**given)


@pytest.mark.parametrize(
    ("measure", "snapshot", "subject", "value"),
    [
        ("crash-share", seen(ends=[end()] * 9, crashes=1), "fleet", 0.1),
        ("memory-share", seen(workers=[FULL]), "mill/cutter@1", 0.85),
        ("cpu-share", seen(workers=[FULL]), "mill/cutter@1", 0.95),
        ("silent-workers", seen(workers=[msgspec.structs.replace(WORKER, silent=True)]), "mill/cutter@1", 1),
        # thirty wait, and six were done in ten minutes
        ("queue-delay", seen(broker=QUEUE, ends=[end(service="cutter")] * 6), "cutter_queue", 3_000),
        ("queue-delay", seen(broker=QUEUE, last_end=LATE - 5_000), "cutter_queue", 5),  # nothing moves
        ("unserved-messages", seen(broker=QUEUE), "cutter_queue", 30),
        ("unserved-messages", seen(broker=QUEUE, able=frozenset({"cutter"})), "cutter_queue", 0),
        ("oldest-job-age", seen(oldest_job=7.0), "fleet", 7),
        ("parked-growth", seen(parked_growth=3), "fleet", 3),
        ("disk-share", seen(disk_used=0.5), "store", 0.5),
        ("broker-absence", seen(), "broker", 0),
        (
            "broker-absence",
            seen(broker=msgspec.structs.replace(BROKER, connected=False, since=LATE - 9_000)),
            "broker",
            9,
        ),
        ("idle-with-work", seen(broker=QUEUE, last_end=LATE - 4_000), "fleet", 4),
        ("idle-with-work", seen(last_end=LATE - 4_000, oldest_job=9_000.0), "fleet", 0),  # it waits for another attempt
        ("site-failure-share", seen(ends=[end(), end("failed"), end("cancelled")]), "tube", 0.5),
    ],
)
def test_what_is_measured(measure: str, snapshot: Snapshot, subject: str, value: float) -> None:
    readings = list(MEASURES[measure].read(snapshot))
    assert [reading.subject for reading in readings] == [subject]
    assert readings[0].value == pytest.approx(value)
    assert MEASURES[measure].text.format(value=readings[0].value)
