"""The tree of a job: whatever the order and the repetitions, it is over when nothing is open, and not before."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipmill.events import Error, ErrorPayload, Progress, ProgressPayload, Result, ResultPayload
from clipmill.identifiers import ROOT_INDEX, index_below, step_id
from clipmill.job_tree import Ending, JobTree
from clipmill.messages import Artifact, MalformedMessage

JOB = "b7f3"
LINK = "https://example.org/v/1"


@dataclass(frozen=True)
class Planned:
    """A step of a made-up job: how it ends, and what follows it."""

    name: str
    parent: str | None
    fate: str
    below: list[Planned] = field(default_factory=list)

    def everything(self) -> list[Planned]:
        return [self, *(step for child in self.below for step in child.everything())]

    def end(self, *, timestamp: int = 1000) -> Result | Error:
        if self.fate == "done":
            return done(self.name, self.parent, spawned=[child.name for child in self.below], timestamp=timestamp)
        return given_up(self.name, self.parent, cancelled=self.fate == "cancelled", timestamp=timestamp)

    def complete(self, told: set[str]) -> bool:
        """The model: whether this step and all below it are among the steps whose end was told."""
        return self.name in told and all(child.complete(told) for child in self.below)


def done(name: str, parent: str | None = None, *, spawned: list[str] | None = None, timestamp: int = 1000) -> Result:
    artifact = Artifact(file_path=f"jobs/{name}/file.mp4", bytes=1, sha256="0" * 64)
    payload = ResultPayload(
        results=[artifact.file_path],
        artifacts=[artifact],
        sender="user123",
        noreply=False,
        link=LINK,
        spawned=spawned or [],
    )
    return Result(
        id=f"{name}/result", queue_name="q", worker_id="w", timestamp=timestamp, job_id=JOB, step_id=name,
        parent_id=parent, payload=payload,
    )  # fmt: skip


def given_up(
    name: str, parent: str | None = None, *, cancelled: bool = False, timestamp: int = 1000, reason: str = "corrupt"
) -> Error:
    payload = ErrorPayload(
        error=reason, cause="corrupt", cancelled=cancelled, sender="user123", noreply=False, link=LINK
    )
    return Error(
        id=f"{name}/error", queue_name="q_dlq", worker_id="w", timestamp=timestamp, job_id=JOB, step_id=name,
        parent_id=parent, payload=payload,
    )  # fmt: skip


def progress(name: str, percent: float, parent: str | None = None, *, timestamp: int = 1) -> Progress:
    return Progress(
        id=f"{name}/progress", queue_name="q", worker_id="w", timestamp=timestamp, job_id=JOB, step_id=name,
        parent_id=parent, payload=ProgressPayload(percent=percent),
    )  # fmt: skip


def step(service: str, index: str = ROOT_INDEX) -> str:
    return step_id(JOB, service, index)


def tree_of(*events: Result | Error | Progress) -> JobTree:
    tree = JobTree(job_id=JOB)
    for event in events:
        tree.take(event)
    return tree


ROOT, CUT, VIEW = step("download"), step("cutter"), step("preview")


@st.composite
def jobs(draw: st.DrawFn) -> Planned:
    """A job of up to three tiers: any number of files a step, any fate; what failed has nothing below it."""
    fates = st.sampled_from(["done", "done", "done", "error", "cancelled"])

    def grow(service: str, index: str, parent: str | None, tiers: list[tuple[str, ...]]) -> Planned:
        name, fate = step(service, index), draw(fates)
        files = draw(st.integers(0, 3)) if tiers and fate == "done" else 0
        below = [
            grow(follower, index_below(index if parent else None, position), name, tiers[1:])
            for position in range(files)
            for follower in tiers[0]
        ]
        return Planned(name, parent, fate, below)

    pipelines: list[list[tuple[str, ...]]] = [[], [("cutter", "preview")], [("cutter",), ("preview",)]]
    return grow("download", ROOT_INDEX, None, draw(st.sampled_from(pipelines)))


@given(job=jobs(), seed=st.integers(0, 2**32))
def test_any_order_and_any_repetition_end_in_the_same_tree(job: Planned, seed: int) -> None:
    ends = [planned.end() for planned in job.everything()]
    shuffled = ends + random.Random(seed).choices(ends, k=len(ends))
    random.Random(seed).shuffle(shuffled)
    there, here = tree_of(*shuffled), tree_of(*ends)
    assert there == here
    assert (there.ending, there.files, there.failures) == (here.ending, here.files, here.failures)
    assert there.is_over
    assert there.percent == 100


@given(job=jobs(), seed=st.integers(0, 2**32))
def test_a_job_is_over_exactly_when_nothing_below_its_root_is_open(job: Planned, seed: int) -> None:
    steps = job.everything()
    random.Random(seed).shuffle(steps)
    tree, told = JobTree(job_id=JOB), set[str]()
    for planned in steps:
        assert tree.take(planned.end())
        told.add(planned.name)
        assert tree.is_over == job.complete(told)
        assert (tree.ending is not None) == tree.is_over
        assert 0 <= tree.percent <= 100


@given(job=jobs(), seed=st.integers(0, 2**32), retried=st.integers(0, 30))
def test_a_retried_step_that_succeeds_replaces_its_error_in_any_order(job: Planned, seed: int, retried: int) -> None:
    ends = [planned.end() for planned in job.everything()]
    failed = [end for end in ends if isinstance(end, Error)]
    again = [done(end.step_id, end.parent_id, timestamp=2000) for end in failed[:retried]]
    events = ends + again
    random.Random(seed).shuffle(events)
    tree = tree_of(*events)
    assert tree == tree_of(*ends, *again)
    assert {failure.step_id for failure in tree.failures} == {end.step_id for end in failed[retried:]}


@given(job=jobs(), seed=st.integers(0, 2**32))
def test_a_tree_written_down_in_the_middle_goes_on_as_if_nothing_had_happened(job: Planned, seed: int) -> None:
    ends = [planned.end() for planned in job.everything()]
    random.Random(seed).shuffle(ends)
    tree = tree_of(*ends[: len(ends) // 2])
    tree = msgspec.json.decode(msgspec.json.encode(tree), type=JobTree)
    for end in ends[len(ends) // 2 :]:
        tree.take(end)
    assert tree == tree_of(*ends)


ENDINGS = [
    ("a root that nothing follows", [done(ROOT)], Ending.SUCCEEDED),
    ("all steps done", [done(ROOT, spawned=[CUT]), done(CUT, ROOT)], Ending.SUCCEEDED),
    ("the root given up", [given_up(ROOT)], Ending.FAILED),
    ("the source is there, nothing else", [done(ROOT, spawned=[CUT]), given_up(CUT, ROOT)], Ending.FAILED),
    ("one of two", [done(ROOT, spawned=[CUT, VIEW]), done(CUT, ROOT), given_up(VIEW, ROOT)], Ending.PARTLY),
    ("cancelled at once", [given_up(ROOT, cancelled=True)], Ending.CANCELLED),
    ("cancelled in the middle",
     [done(ROOT, spawned=[CUT, VIEW]), done(CUT, ROOT), given_up(VIEW, ROOT, cancelled=True)], Ending.CANCELLED),
    ("a step is open", [done(ROOT, spawned=[CUT, VIEW]), done(CUT, ROOT)], None),
    ("the child was heard of before its parent", [done(CUT, ROOT)], None),
    ("a step that nobody named yet is under way", [done(ROOT), progress(CUT, 5, ROOT)], None),
    ("nothing was heard", [], None),
]  # fmt: skip


@pytest.mark.parametrize(("events", "ending"), [case[1:] for case in ENDINGS], ids=[case[0] for case in ENDINGS])
def test_how_a_job_ended(events: list[Result | Error | Progress], ending: Ending | None) -> None:
    assert tree_of(*events).ending == ending


def test_results_stand_by_service_and_by_number() -> None:
    spawned = [step("preview", "0"), *(step("cutter", str(number)) for number in range(12))]
    tree = tree_of(*(done(name, ROOT) for name in reversed(spawned)), done(ROOT, spawned=spawned))
    assert list(tree.results) == ["download", "cutter", "preview"]
    keys = [artifact.file_path for artifact in tree.results["cutter"]]
    assert keys == [f"jobs/{JOB}/cutter/{number}/file.mp4" for number in range(12)]


def test_a_source_that_was_only_fetched_to_be_worked_on_is_not_among_the_files() -> None:
    tree = tree_of(done(ROOT, spawned=[CUT]), done(CUT, ROOT))
    assert {service: [file.file_path for file in made] for service, made in tree.files.items()} == {
        "cutter": [f"jobs/{CUT}/file.mp4"]
    }
    assert [artifact.file_path for artifact in tree.sources] == [f"jobs/{ROOT}/file.mp4"]


def test_an_error_that_comes_after_the_success_changes_nothing() -> None:
    tree = tree_of(done(ROOT))
    assert not tree.take(given_up(ROOT, timestamp=9000))
    assert tree.ending == Ending.SUCCEEDED


def test_of_two_errors_the_later_one_holds() -> None:
    tree = tree_of(given_up(ROOT, reason="gone", timestamp=2000), given_up(ROOT, reason="timed out", timestamp=1000))
    assert [failure.reason for failure in tree.failures] == ["gone"]


def test_a_retried_step_opens_the_job_again_when_more_follows() -> None:
    tree = tree_of(given_up(ROOT))
    assert tree.is_over
    tree.take(done(ROOT, spawned=[CUT], timestamp=5000))
    assert tree.open_steps == [CUT]
    tree.take(done(CUT, ROOT, timestamp=6000))
    assert tree.ending == Ending.SUCCEEDED


def test_what_was_asked_for_is_known_from_the_first_end_on() -> None:
    tree = tree_of(given_up(CUT, ROOT))
    assert (tree.sender, tree.link, tree.noreply, tree.reply_to) == ("user123", LINK, False, None)
    assert JobTree(job_id=JOB).sender is None


def test_the_percentage_grows_as_a_job_of_two_tiers_goes_on() -> None:
    tree, seen = JobTree(job_id=JOB), [0.0]
    for event in (
        progress(ROOT, 40), done(ROOT, spawned=[CUT, VIEW]), progress(CUT, 50, ROOT), done(VIEW, ROOT), done(CUT, ROOT)
    ):  # fmt: skip
        tree.take(event)
        seen.append(tree.percent)
    assert seen == [0, 20, 50, 62.5, 87.5, 100]


def test_progress_that_comes_late_is_no_news() -> None:
    tree = tree_of(progress(ROOT, 40, timestamp=5))
    assert not tree.take(progress(ROOT, 10, timestamp=4))
    tree.take(done(ROOT))
    assert not tree.take(progress(ROOT, 90, timestamp=6))
    assert tree.under_way == {}


STRANGERS = [
    ("another job's step", done("other/download/0")),
    ("no step at all", done("../../etc")),
    ("a spawned step of another job", done(ROOT, spawned=["other/cutter/0"])),
    ("a parent of another job", done(CUT, "other/download/0")),
]


@pytest.mark.parametrize("event", [case[1] for case in STRANGERS], ids=[case[0] for case in STRANGERS])
def test_an_event_that_names_steps_of_other_jobs_is_refused(event: Result) -> None:
    tree = JobTree(job_id=JOB)
    with pytest.raises(MalformedMessage):
        tree.take(event)
    assert tree == JobTree(job_id=JOB)
