"""Deliveries, crashes, settlements, retries, redeliveries and cancellations in random orders, against a model."""

import asyncio
import dataclasses
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from clipmill import cancellation, topology
from clipmill.events import Error, Result, read_event
from clipmill.fuse import CRASHES
from clipmill.inprocess import InProcessBroker
from clipmill.retry import ATTEMPTS
from clipmill.session import Publication
from clipmill.settings import load
from clipmill.store import Store
from clipmill.systemd import Supervisor
from clipmill.topology import Binding, Queue, Topology
from clipmill.worker import Worker

VERDICTS = st.lists(st.sampled_from(["done", "retry", "retry", "reject", "die"]), max_size=ATTEMPTS)
UNITS = ("download@1", "download@2")
RUNG_MS = 10
CRASHES_PER_EXAMPLE = 3
ENDS = "ends"


def topology_with_quick_rungs() -> Topology:
    """One service, a ladder without waiting, and a queue that keeps every end of a step."""
    whole = topology.fleet_topology(["download"])
    queues = tuple(dataclasses.replace(q, ttl_ms=RUNG_MS) if q.name.startswith("retry_") else q for q in whole.queues)
    bindings = tuple(Binding(exchange=topology.RESULTS, queue=ENDS, key=f"{kind}.*") for kind in ("result", "error"))
    return dataclasses.replace(whole, queues=queues) | Topology(queues=(Queue(name=ENDS),), bindings=bindings)


@dataclass
class Job:
    """What the model knows of a job."""

    job_id: str
    verdicts: list[str]
    copies: int
    cancelled: bool = False
    released: int = 0

    @property
    def step_id(self) -> str:
        return f"{self.job_id}/download/0"

    @property
    def end(self) -> str:
        """As it must end when nobody cancels it and no worker crashes over it."""
        for verdict in [*self.verdicts, *["done"] * ATTEMPTS][:ATTEMPTS]:
            if verdict in ("done", "reject"):
                return {"done": "result", "reject": "parked"}[verdict]
        return "parked"


@dataclass
class Fleet:
    """Two workers with real children over the in-process broker; it outlives an example, since children cost time."""

    root: Path
    runner: asyncio.Runner
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    workers: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def start(self) -> None:
        (self.root / "gates").mkdir(parents=True)
        self.store = Store(self.root)
        self.broker = InProcessBroker()
        self.broker.declare(topology_with_quick_rungs())
        for unit in UNITS:
            self.begin(unit)

    def begin(self, unit: str) -> None:
        given = load({"STORE": str(self.root), "DISK_RESERVE": "1"})
        worker = Worker(
            "download",
            unit,
            handler="tests.unit.core.gated:handle",
            broker=self.broker,
            settings=given,
            supervisor=Supervisor(),
        )
        self.workers[unit] = asyncio.create_task(worker.run())

    async def crash(self, unit: str) -> None:
        """As by SIGKILL: the session is gone and the child with it, and nothing is tidied up."""
        await _end(self.workers[unit])
        self.begin(unit)

    async def cut(self, which: int) -> None:
        if sessions := sorted(self.broker.sessions, key=id):
            sessions[which % len(sessions)].lose("cut")

    async def restart_broker(self, seconds: float) -> None:
        self.broker.stop()
        await asyncio.sleep(seconds)
        self.broker.start()

    async def publish(self, publication: Publication) -> None:
        session = await self.broker.open()
        await session.publish(publication)
        await session.close()

    def places(self) -> Counter[str]:
        """Where messages lie, settled or not, by jobId: the state of the whole broker."""
        waiting = [m for name, queue in self.broker.queues.items() if _is_on_the_way(name) for m in queue.ready]
        held = [m for session in self.broker.sessions for _, m in session._unsettled.values()]
        return Counter(str(json.loads(message.publication.body)["jobId"]) for message in waiting + held)

    def ends(self) -> dict[str, list[Result | Error]]:
        """Every end that was told so far, by jobId."""
        told: dict[str, list[Result | Error]] = {}
        for message in self.broker.queues[ENDS].ready:
            event = read_event(message.publication.body)
            assert isinstance(event, Result | Error)
            told.setdefault(event.job_id, []).append(event)
        return told

    def parked(self) -> Counter[str]:
        lot = self.broker.queues[topology.parking_lot("download")].ready
        return Counter(str(json.loads(message.publication.body)["jobId"]) for message in lot)

    async def close(self) -> None:
        for worker in self.workers.values():
            await _end(worker)


async def _end(worker: asyncio.Task[None]) -> None:
    """Cancelled until it is: a task group of Python 3.11 forgets a cancellation that comes with an error of its own."""
    while not worker.done():
        worker.cancel()
        await asyncio.wait({worker}, timeout=1)


def _is_on_the_way(queue: str) -> bool:
    return queue.startswith(("download_queue", "retry_")) and queue != topology.parking_lot("download")


class Steps(RuleBasedStateMachine):
    """The model: what was asked for, and what was done to the fleet meanwhile."""

    fleet: Fleet

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Job] = []
        self.crashes = 0
        (self.fleet.root / "gates" / "open").unlink(missing_ok=True)

    def run(self, *work: object) -> None:
        """Let the loop do what it is told, and a few turns more."""

        async def turns() -> None:
            for each in work:
                await each  # type: ignore[misc]
            await asyncio.sleep(0.002)

        self.fleet.runner.run(turns())

    # what happens

    @rule(verdicts=VERDICTS, copies=st.sampled_from([1, 1, 1, 2]))
    def deliver(self, verdicts: list[str], copies: int) -> None:
        """A step comes, now and then twice."""
        job = Job(f"j{next(self.fleet.numbers)}", verdicts, copies)
        self.jobs.append(job)
        body = json.dumps({"jobId": job.job_id, "link": "x", "pipeline": [], "options": {"verdicts": verdicts}})
        message = Publication(exchange="", routing_key="download_queue", body=body.encode())
        self.run(*(self.fleet.publish(message) for _ in range(copies)))

    @precondition(lambda self: self.jobs)
    @rule(which=st.integers(0, 7), milliseconds=st.integers(0, 20))
    def release(self, which: int, milliseconds: int) -> None:
        """One more attempt of a job may end; what follows is given some time, or hardly any."""
        job = self.jobs[which % len(self.jobs)]
        job.released += 1
        (self.fleet.root / "gates" / f"{job.job_id}.{job.released}").touch()
        self.run(asyncio.sleep(milliseconds / 1000))

    @rule(which=st.integers(0, 7))
    def cut(self, which: int) -> None:
        """One session ends: whatever it had not settled is delivered again."""
        self.run(self.fleet.cut(which))

    @rule(milliseconds=st.integers(0, 10))
    def restart_broker(self, milliseconds: int) -> None:
        """All sessions end at once."""
        self.run(self.fleet.restart_broker(milliseconds / 1000))

    @precondition(lambda self: self.crashes < CRASHES_PER_EXAMPLE)
    @rule(unit=st.sampled_from(UNITS))
    def crash(self, unit: str) -> None:
        """A worker dies, and its next process begins."""
        self.crashes += 1
        self.run(self.fleet.crash(unit))

    @precondition(lambda self: self.jobs)
    @rule(which=st.integers(0, 7))
    def cancel(self, which: int) -> None:
        """Nobody wants the job any longer."""
        job = self.jobs[which % len(self.jobs)]
        job.cancelled = True
        self.run(self.fleet.publish(cancellation.cancel(job.job_id)))

    # what always holds

    @invariant()
    def no_job_is_lost(self) -> None:
        """At any moment a job that has not ended lies in some queue, or is held by some session."""
        places, ends = self.fleet.places(), self.fleet.ends()
        assert [job for job in self.jobs if job.job_id not in places and job.job_id not in ends] == []

    @invariant()
    def no_worker_ends_by_itself(self) -> None:
        """Whatever happens to its child and its session, it goes on."""
        assert [worker for worker in self.fleet.workers.values() if worker.done()] == []

    def teardown(self) -> None:
        """All gates open: every job ends, once, as the model says, and nothing is left over."""
        (self.fleet.root / "gates" / "open").touch()
        self.fleet.runner.run(self._until_still())
        ends, parked = self.fleet.ends(), self.fleet.parked()
        for job in self.jobs:
            self._check(job, ends[job.job_id], parked[job.job_id])
        assert not list((self.fleet.root / "work").iterdir())
        assert not list((self.fleet.root / "gates").glob("*.again"))

    async def _until_still(self) -> None:
        async with asyncio.timeout(20):
            while self.fleet.places() or any(job.job_id not in self.fleet.ends() for job in self.jobs):
                await asyncio.sleep(0.005)

    def _check(self, job: Job, ends: list[Result | Error], parked: int) -> None:
        kinds = {self._kind(end) for end in ends}
        allowed = {job.end} | ({"cancelled"} if job.cancelled else set())
        # the fuse parks one copy of a step and forgets; another copy, or a redelivery, may succeed after that
        blown = self.crashes >= CRASHES
        allowed |= {"parked"} if blown else set()
        assert kinds <= allowed, f"{job} ended as {kinds}"
        assert blown or len({(type(end), end.id) for end in ends}) == 1, f"{job} ended twice: {ends}"
        assert bool(parked) == ("parked" in kinds)
        assert (self.fleet.store.manifest(job.step_id) is not None) == ("result" in kinds)

    def _kind(self, end: Result | Error) -> str:
        if isinstance(end, Result):
            return "result"
        return "cancelled" if end.payload.cancelled else "parked"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with asyncio.Runner() as runner:
        fleet = Fleet(tmp_path / "store", runner)
        runner.run(fleet.start())
        yield fleet
        runner.run(fleet.close())


# a worker that is cancelled in the middle is no process that ends: what the kernel would close for it stays open
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_step_ends_exactly_once_in_whatever_order_things_happen(fleet: Fleet) -> None:
    """Cut, crashed, repeated, cancelled: no step is lost on the way, ended twice, or done twice."""
    Steps.fleet = fleet
    budget = settings(
        max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(Steps, settings=budget)
