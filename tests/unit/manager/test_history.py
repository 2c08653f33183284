"""The history: what became of jobs and steps, in whatever order and however often it is told; in a real database."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from clipmill.events import Event, Progress
from clipmill_manager import job_search
from clipmill_manager.database import open_database
from clipmill_manager.history import History
from clipmill_manager.job_search import Page, Search
from clipmill_manager.job_view import JobLine, JobView
from clipmill_manager.register import Register
from tests.unit.manager.telling import HOST, WORKER, error, heartbeat, metrics, progress, result

JOB = "job1"
ROOT, CUTTER, PREVIEW = f"{JOB}/download/0", f"{JOB}/cutter/0", f"{JOB}/preview/0"
CUTTER_WORKER = f"{HOST}/cutter@1"

STORY: tuple[Event, ...] = (
    progress(1_000, ROOT),
    result(2_000, ROOT, CUTTER, PREVIEW),
    progress(2_500, CUTTER, worker=CUTTER_WORKER, parent_id=ROOT),
    result(3_000, CUTTER, files=3, worker=CUTTER_WORKER, parent_id=ROOT),
    result(3_500, PREVIEW, parent_id=ROOT),
)


class Book:
    """A history with what is read from it."""

    def __init__(self, path: Path) -> None:
        self.engine: Engine = open_database(f"sqlite:///{path}")
        self.history = History(self.engine, clock=lambda: 1_000_000)

    def tell(self, *events: Event) -> None:
        self.history.record(events)

    def line(self) -> JobLine:
        (line,) = self.lines()
        return line

    def lines(self, state: str | None = None, limit: int = 50) -> list[JobLine]:
        return self.search(limit, state=state).jobs

    def search(self, limit: int, **wanted: Any) -> Page:
        return job_search.search(self.engine, Search(**wanted), limit)

    def job(self, progress: Sequence[Progress] = ()) -> JobView:
        view = job_search.find(self.engine, JOB, progress)
        assert view
        return view


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "history.db")


def test_a_job_is_open_until_its_last_step_has_ended(book: Book) -> None:
    states = []
    for event in STORY:
        book.tell(event)
        states.append(book.line().state)
    assert states == ["open", "open", "open", "open", "succeeded"]


def test_a_job_tells_who_asked_for_what_and_what_was_made_of_it(book: Book) -> None:
    book.tell(*STORY)
    line = book.line()
    assert (line.sender, line.link, line.noreply) == ("user123", "http://host/video.mp4", False)
    assert (line.first_seen, line.updated_at, line.ended_at) == (1_000, 3_500, 3_500)
    assert (line.steps, line.open_steps, line.files, line.bytes) == (3, 0, 4, 4_000)


def test_the_tree_shows_who_did_what_how_long_it_waited_and_how_long_it_took(book: Book) -> None:
    book.tell(*STORY)
    (root,) = book.job().tree
    assert (root.step_id, root.state, root.worker_id) == (ROOT, "done", WORKER)
    assert (root.waiting_ms, root.working_ms) == (None, 1_000)
    cutter, preview = root.steps
    assert (cutter.service, cutter.worker_id, len(cutter.files)) == ("cutter", CUTTER_WORKER, 3)
    assert (cutter.waiting_since, cutter.waiting_ms, cutter.working_ms) == (2_000, 500, 500)
    assert (preview.service, preview.state, preview.started_at) == ("preview", "done", None)


def test_an_open_job_shows_what_waits_and_how_far_the_rest_is(book: Book) -> None:
    book.tell(*STORY[:3])
    view = book.job([progress(2_700, CUTTER, 40, parent_id=ROOT)])
    cutter, preview = view.tree[0].steps
    assert (cutter.state, cutter.percent) == ("processing", 40)
    assert (preview.state, preview.percent, preview.attempts) == ("waiting", None, [])
    assert 50 < view.percent < 100


def test_a_step_that_was_tried_again_shows_each_attempt(book: Book) -> None:
    book.tell(
        progress(1_000, ROOT), progress(7_000, ROOT, attempt=2), error(8_000, ROOT, "the site is down", attempt=2)
    )
    (root,) = book.job().tree
    assert [(a.attempt, a.started_at, a.outcome) for a in root.attempts] == [
        (1, 1_000, "retried"),
        (2, 7_000, "failed"),
    ]
    assert (root.state, root.reason, root.attempt) == ("failed", "the site is down", 2)
    assert (book.line().state, book.line().reason) == ("failed", "the site is down")


def test_the_worker_of_a_failed_attempt_is_the_one_that_had_it_not_the_one_that_gave_it_up(book: Book) -> None:
    book.tell(progress(1_000, ROOT), error(2_000, ROOT, "gone", worker=f"{HOST}/download@2"))
    assert book.job().tree[0].worker_id == WORKER


def test_a_heartbeat_is_enough_to_know_that_a_step_is_at_hand(book: Book) -> None:
    book.tell(heartbeat(1_500, "processing", step_id=ROOT))
    (root,) = book.job().tree
    assert (root.state, root.started_at, root.worker_id) == ("processing", 1_500, WORKER)


def test_a_failed_step_that_succeeds_after_all_makes_the_job_succeed(book: Book) -> None:
    book.tell(progress(1_000, ROOT), error(2_000, ROOT, "no space"))
    assert book.line().state == "failed"
    book.tell(result(9_000, ROOT, attempt=2))
    assert (book.line().state, book.line().reason, book.line().ended_at) == ("succeeded", None, 9_000)


def test_a_job_whose_preview_alone_failed_is_there_in_part(book: Book) -> None:
    book.tell(*STORY[:4], error(4_000, PREVIEW, "no video stream", parent_id=ROOT))
    assert (book.line().state, book.line().files) == ("partly", 3)
    (failure,) = book.job().failures
    assert (failure.step_id, failure.reason) == (PREVIEW, "no video stream")


def test_a_cancelled_job_is_cancelled(book: Book) -> None:
    book.tell(error(2_000, ROOT, "cancelled", cancelled=True))
    assert (book.line().state, book.job().tree[0].state) == ("cancelled", "cancelled")


def test_what_is_told_twice_is_there_once(book: Book) -> None:
    book.tell(*STORY)
    before = _everything(book)
    book.tell(*STORY)
    book.tell(*STORY)
    assert _everything(book) == before
    assert book.history.endings == {"succeeded": 1}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_events_may_come_in_any_order(book: Book, order: tuple[int, ...]) -> None:
    """The events of one job come from several workers, and a lost session brings some of them again later."""
    ends = (STORY[1], STORY[3], STORY[4])
    for number in order:
        book.tell(ends[number])
    assert (book.line().state, book.line().steps, book.line().ended_at) == ("succeeded", 3, 3_500)
    (root,) = book.job().tree
    assert [step.waiting_since for step in root.steps] == [2_000, 2_000]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(STORY), max_size=12), st.lists(st.integers(1, 4), max_size=12))
def test_batches_do_not_matter(tmp_path_factory: Any, told: list[Event], sizes: list[int]) -> None:
    together, apart = (Book(tmp_path_factory.mktemp("book") / "history.db") for _ in range(2))
    together.tell(*told)
    rest = told
    for size in [*sizes, len(told)]:
        apart.tell(*rest[:size])
        rest = rest[size:]
    assert _everything(together) == _everything(apart)
    assert +together.history.totals == +apart.history.totals
    together.engine.dispose()
    apart.engine.dispose()


names = st.sampled_from(
    [ROOT, CUTTER, PREVIEW, "job2/download/0", "job1/cutter/1.2", "no step/at all/x", "../x/0", "job1//0"]
)
numbers = st.integers(-(2**70), 2**70) | st.integers(0, 5)
texts = st.text(max_size=10)
parents = st.none() | names
anything = (
    st.builds(progress, numbers, names, st.floats(), worker=texts, attempt=numbers, parent_id=parents)
    | st.builds(result, numbers, names, names, worker=texts, attempt=numbers, parent_id=parents)
    | st.builds(error, numbers, names, texts, worker=texts, attempt=numbers, parent_id=parents)
    | st.builds(heartbeat, numbers, st.just("processing"), worker=texts, step_id=names)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(anything, max_size=12))
def test_no_event_that_can_be_read_is_too_strange_to_be_taken(tmp_path_factory: Any, told: list[Event]) -> None:
    """One that could not would come again and again, and stop all that are behind it."""
    book = Book(tmp_path_factory.mktemp("book") / "history.db")
    book.tell(*told)
    lines = book.lines()
    assert book.history.totals.total() == len(lines)
    for line in lines:
        assert (line.state == "open") == (line.ended_at is None)
        assert msgspec.json.encode(job_search.find(book.engine, line.job_id, []))
    book.engine.dispose()


def test_a_chain_of_steps_that_no_pipeline_could_make_is_cut_off(book: Book) -> None:
    book.tell(
        *(result(1_000, f"job1/cutter/{n}", parent_id=f"job1/cutter/{n - 1}" if n else None) for n in range(3_000))
    )
    assert msgspec.json.encode(book.job())


def test_a_step_may_spawn_ten_thousand(book: Book) -> None:
    book.tell(result(1_000, ROOT, *(f"{JOB}/cutter/{number}" for number in range(10_000))))
    assert book.line().open_steps == 10_000


def test_the_totals_are_those_of_the_database_also_after_a_restart(book: Book, tmp_path: Path) -> None:
    book.tell(*STORY, progress(5_000, "job2/download/0"), error(6_000, "job3/download/0", "404"))
    assert +book.history.totals == {"succeeded": 1, "open": 1, "failed": 1}
    again = Book(tmp_path / "history.db")
    assert again.history.totals == +book.history.totals
    assert again.history.endings == {}


def test_the_newest_jobs_come_first_and_may_be_asked_for_by_state(book: Book) -> None:
    for number in range(5):
        book.tell(result(1_000 * number, f"job{number}/download/0"))
    book.tell(error(500, "job9/download/0", "404"))
    assert [line.job_id for line in book.lines(limit=3)] == ["job4", "job3", "job2"]
    assert [line.job_id for line in book.lines("failed")] == ["job9"]
    assert book.lines("open") == []


def test_old_jobs_go_and_the_others_stay(book: Book) -> None:
    book.tell(*STORY, result(900_000, "job2/download/0"))
    assert book.history.prune(before=500_000) == 1
    assert book.history.prune(before=500_000) == 0
    assert [line.job_id for line in book.lines()] == ["job2"]
    assert +book.history.totals == {"succeeded": 1}


def test_an_event_that_names_another_jobs_steps_is_left_out(book: Book, caplog: pytest.LogCaptureFixture) -> None:
    book.tell(result(1_000, ROOT, "job2/cutter/0"), progress(1_000, "job2/download/0"))
    assert [line.job_id for line in book.lines()] == ["job2"]
    assert "left out" in caplog.text


def test_absurd_numbers_and_endless_texts_are_bent_into_what_a_database_can_hold(book: Book) -> None:
    book.tell(progress(10**30, ROOT, attempt=10**30), error(-5, ROOT, "x" * 100_000, attempt=-7))
    line = book.line()
    assert (line.first_seen, line.updated_at, len(line.reason or "")) == (1_000_000, 0, 2_000)


def test_only_the_first_word_of_a_steps_progress_is_news(book: Book) -> None:
    assert book.history.is_news(progress(1_000, ROOT))
    book.tell(progress(1_000, ROOT))
    assert not book.history.is_news(progress(2_000, ROOT, 50))
    assert book.history.is_news(progress(9_000, ROOT, attempt=2))
    assert book.history.is_news(result(3_000, ROOT))
    assert not book.history.is_news(metrics(3_000))
    assert not book.history.is_news(heartbeat(3_000, "idle"))


def test_workers_are_remembered(book: Book) -> None:
    register = Register(HOST, clock=lambda: 10_000)
    register.hear(heartbeat(9_000))
    records = register.take_changes()
    book.history.record([], records)
    book.history.record([], records)
    assert book.history.workers() == records


def test_what_is_kept_is_found_again_and_replaced(book: Book) -> None:
    assert book.history.kept("alerts") is None
    book.history.keep("alerts", b"one")
    book.history.keep("alerts", b"two")
    assert book.history.kept("alerts") == b"two"


def _everything(book: Book) -> list[Any]:
    """Every job with its whole tree, in the order in which they became known."""
    names = [line.job_id for line in reversed(book.lines(limit=500))]
    return [job_search.find(book.engine, name, []) for name in sorted(names)]
