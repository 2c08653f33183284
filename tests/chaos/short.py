"""The fault suite, short: faults of every kind, and planted bugs that it must find. Run by name: it is slow."""

import asyncio
from collections.abc import Iterator

import pytest

from clipmill.events import Error
from tests.chaos import report
from tests.chaos.books import Books
from tests.chaos.fault import KINDS
from tests.chaos.run import play
from tests.chaos.stage import Plan
from tests.rig.broker import RELEASE_OF, Broker
from tests.rig.requirement import docker_required

JOBS = 160
FEW = 36


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[Broker]:
    """A broker of this module's own, since it is killed."""
    with docker_required(), Broker("4.0") as broker:
        yield broker


def run(plan: Plan, broker: Broker) -> Books:
    """The books of a run on a broker without anything in it."""
    broker.reset()
    books = asyncio.run(play(plan, broker))
    print(report.write(books))
    return books


def test_every_job_ends_exactly_once_whatever_strikes(rabbitmq: Broker) -> None:
    """None lost, none done twice, nothing left over; a third of the faults between the end of a work and its ack."""
    books = run(Plan(jobs=JOBS, seed=20261124), rabbitmq)
    assert books.trouble == []
    struck = [kind for kind, _ in books.stage.struck]
    assert all(struck.count(kind) >= 2 for kind in KINDS)
    assert len(struck) >= JOBS / 20
    assert report.landed(books) >= len(struck) / 3


@pytest.mark.parametrize("version", list(RELEASE_OF))
def test_poison_is_parked_and_told_and_the_jobs_behind_it_are_done(version: str) -> None:
    """One that kills its worker each time, one that kills the handler's process, and five good ones behind them."""
    with docker_required(), Broker(version) as broker:
        books = run(Plan(jobs=("poison-worker", "poison-child", *["quick"] * 5), seed=1, kinds=()), broker)
    assert books.trouble == []
    assert [verdict.ending for verdict in books.verdicts] == ["parked"] * 2 + ["result"] * 5
    reasons = [error.payload.error for error in books.events if isinstance(error, Error)]
    assert sorted(reasons) == [
        "it has crashed its worker 2 times",
        "the handler's process was killed (SIGKILL: the out-of-memory killer, or a person)",
    ]


@pytest.mark.parametrize(
    ("bug", "kinds", "found"),
    [
        pytest.param("ack-before-publish", ("worker killed", "connection cut"), "is lost", id="ack before publish"),
        pytest.param("publish-without-confirm", ("queue full",), "nobody was told", id="publish without confirm"),
        pytest.param("no-manifest-check", ("connection cut",), "was worked again", id="no manifest check"),
    ],
)
def test_a_planted_bug_is_found(rabbitmq: Broker, bug: str, kinds: tuple[str, ...], found: str) -> None:
    """What the books say of a worker that has the bug."""
    books = run(Plan(jobs=FEW, seed=7, kinds=kinds, plant=bug), rabbitmq)
    assert any(found in line for line in books.trouble)
