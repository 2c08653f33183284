"""Retention: what goes, by age and by quota, and what never does."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from clipmill import removal, topology
from clipmill.inprocess import InProcessBroker
from clipmill.job_tree import JobTree
from clipmill.messages import Step, now
from clipmill.session import Publication, Session
from clipmill.settings import NEVER
from clipmill_notifier.database import Database
from clipmill_notifier.retention import _CLOSED, GRACE, Closed, Retention, Rule
from clipmill_notifier.trees import Trees
from tests.unit.notifier.conftest import Bench
from tests.unit.notifier.job import cancelled, done, event_of, given_up, root, spawned, whole

pytestmark = pytest.mark.anyio

DAY = 24 * 3600
IN_MEMORY = Path(":memory:")  # SQLite's name for a database on no disk
AT = 100 * DAY * 1000


def closed(name: str, *, days: float, size: int = 10, parked: bool = False) -> Closed:
    return Closed(job_id=name, closed_at=AT - round(days * DAY * 1000), bytes=size, parked=parked)


@pytest.mark.parametrize(
    ("jobs", "quota", "stored", "go"),
    [
        # by age, to the millisecond
        ([closed("a", days=7), closed("b", days=7 - 1e-8)], None, 0, ["a"]),
        # what was parked stays for longer, and what is younger than it still goes
        ([closed("p", days=29, parked=True), closed("a", days=8)], None, 0, ["a"]),
        ([closed("p", days=30, parked=True), closed("a", days=8)], None, 0, ["p", "a"]),
        # the quota: the oldest first, until what is left fits to the byte
        ([closed("a", days=3), closed("b", days=2), closed("c", days=1)], 80, 100, ["a", "b"]),
        ([closed("a", days=3), closed("b", days=2), closed("c", days=1)], 100, 100, []),
        # what goes by age makes room as well
        ([closed("a", days=9), closed("b", days=2), closed("c", days=1)], 90, 100, ["a"]),
        # no quota takes what may be tried again, what ended within the hour, or what holds nothing
        ([closed("p", days=9, parked=True), closed("n", days=2, size=0), closed("new", days=0.04)], 0, 100, []),
    ],
)
def test_the_rule(jobs: list[Closed], quota: int | None, stored: int, go: list[str]) -> None:
    """A week; thirty days with something parked; a quota in bytes."""
    rule = Rule(retention=7 * DAY, parked_retention=30 * DAY, quota=quota)
    assert [job.job_id for job, _ in rule.choose(jobs, stored=stored, at=AT)] == go


def test_an_order_says_why_and_what_it_takes_for_granted() -> None:
    """The worker, which sees the files, checks that nothing of them is younger than the rule allows."""
    rule = Rule(retention=7 * DAY, parked_retention=30 * DAY, quota=0)
    old, large = [order for _, order in rule.choose([closed("a", days=8), closed("b", days=1)], stored=99, at=AT)]
    assert (old.reason, old.untouched_seconds) == ("after 7 days", 7 * DAY)
    assert (large.reason, large.untouched_seconds) == ("to make room for newer jobs (STORE_QUOTA)", GRACE)


@contextmanager
def memory(path: Path) -> Iterator[Database]:
    """A notifier's memory."""
    database = Database(path)
    yield database
    database.close()


def note(database: Database, job_id: str, events: Sequence[Publication], *, days: float, told: bool = True) -> JobTree:
    """A job of which these events were heard, the last so many days ago; its sender has been told, or is yet to be."""
    trees, state = Trees(database), "sent" if told else "due"
    tree = trees.load(job_id)
    trees.grow(tree, [event_of(event) for event in events])
    trees.mark(tree, at=AT - round(days * DAY * 1000))
    database.run("INSERT INTO notices (id, job_id, body) VALUES (:id, :id, '')", id=job_id)
    database.run(
        "INSERT INTO deliveries (notice_id, channel, state, due_at) VALUES (:id, 'webhook', :state, 0)",
        id=job_id,
        state=state,
    )
    return tree


@asynccontextmanager
async def host() -> AsyncIterator[tuple[InProcessBroker, Session]]:
    """A broker with the queue of one host on it."""
    broker = InProcessBroker()
    session = await broker.open()
    await session.declare(topology.removals_on("host"))
    yield broker, session
    await session.close()


def ordered(broker: InProcessBroker) -> list[str]:
    """The jobs whose removal lies on the queue, in order."""
    queue = broker.queues[topology.removals_queue("host")]
    return [removal.read(message.publication.body).job_id for message in queue.ready]


async def sweep(database: Database, rule: Rule) -> list[str]:
    """The jobs that go at AT."""
    async with host() as (broker, session):
        retention = Retention(database, rule)
        while await retention.sweep(session, at=AT):
            pass
        return ordered(broker)


@dataclass(frozen=True)
class Case:
    """What is known of a job."""

    days: float
    told: bool
    heard: frozenset[int]
    ends: tuple[str, str, str]

    def events(self, job_id: str) -> list[Publication]:
        """Those that were heard of a download, a cut and a preview, each of which ended somehow."""
        first = root(job_id)
        steps = [first, *spawned(first)]
        make: dict[str, Callable[[Step], Publication]] = {"done": done, "parked": given_up, "cancelled": cancelled}
        return [make[self.ends[place]](steps[place]) for place in sorted(self.heard)]


CASES = st.builds(
    Case,
    days=st.floats(0, 60),
    told=st.booleans(),
    heard=st.frozensets(st.integers(0, 2)) | st.just(frozenset({0, 1, 2})),
    ends=st.tuples(*[st.sampled_from(["done", "done", "parked", "cancelled"])] * 3),
)
RULES = st.builds(
    Rule,
    retention=st.sampled_from([DAY, 7 * DAY, 30 * DAY]),
    parked_retention=st.sampled_from([30 * DAY, NEVER]),
    quota=st.none() | st.integers(0, 10_000_000),
)


@budget(max_examples=60, deadline=None)
@given(cases=st.lists(CASES, max_size=8), rule=RULES)
def test_nothing_of_an_unfinished_job_ever_goes(cases: list[Case], rule: Rule) -> None:
    """Nor of one whose sender is yet to be told, nor what may be tried again; and all goes that should."""
    with memory(IN_MEMORY) as database:
        known = {f"j{n}": case for n, case in enumerate(cases)}
        trees = {
            name: note(database, name, case.events(name), days=case.days, told=case.told)
            for name, case in known.items()
        }
        gone = asyncio.run(sweep(database, rule))
    assert len(gone) == len(set(gone))
    for name, tree in trees.items():
        case, parked = known[name], any(not failure.cancelled for failure in tree.failures)
        kept = (rule.parked_retention if parked else rule.retention) / DAY
        may_go = tree.is_over and case.told
        if name in gone:
            assert may_go
            assert case.days > kept - 1e-6 or (rule.quota is not None and not parked and case.days * DAY > GRACE - 1)
        elif may_go:
            assert case.days < kept + 1e-6


@pytest.mark.parametrize("quota", [0, 4_000_000, 9_000_000])
async def test_with_a_quota_no_more_goes_than_must(tmp_path: Path, quota: int) -> None:
    """Four jobs of three files each, 1.5 MB a file; the oldest is not over, and counts."""
    with memory(tmp_path / "notifier.db") as database:
        note(database, "open", whole("open", parts=1)[:2], days=9)
        for days, name in enumerate(("new", "later", "old"), 1):
            note(database, name, whole(name, parts=1), days=days)
        gone = await sweep(database, Rule(retention=NEVER, parked_retention=NEVER, quota=quota))
    stored = {"open": 3_000_000, "old": 4_500_000, "later": 4_500_000, "new": 4_500_000}
    assert gone == ["old", "later", "new"][: len(gone)]
    assert sum(stored.values()) - sum(stored[name] for name in gone) <= quota or len(gone) == 3
    assert not gone or sum(stored.values()) - sum(stored[name] for name in gone[:-1]) > quota


async def test_a_hundred_thousand_jobs_are_swept_in_no_time() -> None:
    """What is asked each minute reads an index, and of that no more than it needs: here one job is one too many."""
    with memory(IN_MEMORY) as database:
        for statement in ("SELECT sum(bytes) FROM jobs WHERE removal_at IS NULL", _CLOSED.replace(":before", "1")):
            plan = [row[3] for row in database.run(f"EXPLAIN QUERY PLAN {statement}")]
            assert all("INDEX" in line or line.startswith(("SEARCH", "CORRELATED")) for line in plan), plan
        for n in range(100_000):
            closed_at = AT - 2 * GRACE * 1000 - n * 20_000
            database.run("INSERT INTO jobs (job_id, closed_at, bytes) VALUES (:n, :at, 10)", n=f"j{n}", at=closed_at)
        began = time.process_time()
        gone = await sweep(database, Rule(retention=30 * DAY, parked_retention=30 * DAY, quota=999_995))
        assert time.process_time() - began < 2
    assert gone == ["j99999"]


async def test_a_job_that_was_taken_up_again_while_its_removal_was_said_is_not_forgotten(tmp_path: Path) -> None:
    """Its end counts anew; the worker, for its part, finds the files too young."""
    rule = Rule(retention=DAY, parked_retention=DAY, quota=None)
    with memory(tmp_path / "notifier.db") as database:
        events = whole("j", parts=1)
        note(database, "j", events[:2], days=9)
        assert await sweep(database, rule) == []
        Trees(database).mark(Trees(database).load("j"), at=AT)
        tree = Trees(database).load("j")
        Trees(database).grow(tree, [event_of(events[2])])
        Trees(database).mark(tree, at=AT)
        assert await sweep(database, rule) == []
        assert database.run("SELECT removal_at FROM jobs").fetchall() == [(None,)]


async def test_the_notifier_has_old_files_removed_and_says_so_until_a_worker_can_hear_it(bench: Bench) -> None:
    """No worker has ever been there: nothing is lost by that. With one, the order is there at once, and once."""
    bench.start(RETENTION="7d", PARKED_RETENTION="30d")
    await bench.tell(*whole("old"), *whole("new"), given_up(root("parked")), *whole("open")[:2])
    await bench.settled()
    await bench.stop()
    bench.write(f"UPDATE jobs SET closed_at = {now() - 8 * DAY * 1000} WHERE job_id IN ('old', 'parked')")
    bench.start()
    await bench.settled()
    assert bench.rows("SELECT 1 FROM jobs WHERE removal_at IS NOT NULL") == []
    await bench.stop()
    await bench.session.declare(topology.removals_on("host"))
    bench.start()
    await bench.until(lambda: bench.rows("SELECT 1 FROM jobs WHERE removal_at IS NOT NULL"))
    await bench.stop()
    bench.start()
    await bench.settled()
    assert ordered(bench.broker) == ["old"]
    assert bench.rows("SELECT job_id FROM jobs WHERE removal_at IS NOT NULL") == [("old",)]


async def test_a_memory_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    """With sizes, and with what was parked, read out of the events."""
    path = tmp_path / "notifier.db"
    with memory(path) as database:
        note(database, "well", whole("well", parts=3), days=9)
        note(database, "badly", [given_up(root("badly"))], days=9)
        note(database, "unwanted", [cancelled(root("unwanted"))], days=9)
        want = database.run("SELECT job_id, bytes, parked FROM jobs ORDER BY 1").fetchall()
    with closing(sqlite3.connect(path)) as old:
        old.executescript(
            "DROP INDEX jobs_kept; PRAGMA user_version = 1;"
            + "".join(f"ALTER TABLE jobs DROP COLUMN {name};" for name in ("bytes", "parked", "removal_at"))
        )
    with memory(path) as database:
        assert database.run("SELECT job_id, bytes, parked FROM jobs ORDER BY 1").fetchall() == want
    assert want == [("badly", 0, 1), ("unwanted", 0, 0), ("well", 5 * 1_500_000, 0)]


async def test_of_files_that_are_kept_for_ever_the_notifier_still_knows(bench: Bench) -> None:
    """Its details are forgotten; the row stays, should RETENTION be set one day."""
    bench.start(RETENTION="never")
    await bench.tell(*whole("old"))
    await bench.settled()
    await bench.stop()
    bench.write("UPDATE jobs SET closed_at = 1")
    bench.start()
    await bench.until(lambda: not bench.rows("SELECT 1 FROM steps"))
    assert bench.rows("SELECT job_id, closed_at, bytes FROM jobs") == [("old", 1, 5 * 1_500_000)]
