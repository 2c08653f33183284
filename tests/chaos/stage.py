"""The stage: processes, broker and disk of one run, and how jobs and faults flow over it until all is over."""

import asyncio
import contextlib
import dataclasses
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clipmill.store import Store
from tests.chaos.clerk import NOT_EMPTY, Clerk
from tests.chaos.crew import Crew
from tests.chaos.desk import Desk
from tests.chaos.fault import KINDS, Fault
from tests.chaos.job import Job
from tests.chaos.moment import Point, Watch
from tests.chaos.receiver import Receiver
from tests.chaos.strike import STRIKES, Scene
from tests.rig.broker import Broker

_OUTSTANDING = 60
_TRAP_SECONDS = 5
_QUIET_SECONDS = 8
"""Silence after which the broker is asked whether there is anything left to wait for."""
_PATIENCE_SECONDS = 90
"""Silence after which a message that lies there still counts as stuck: a half-open connection takes up to a minute."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is to do."""

    jobs: int | Sequence[str]
    """How many, or of which kinds one after the other."""
    seed: int
    kinds: Sequence[str] = tuple(KINDS)
    plant: str = ""


@dataclass
class Stage:
    """The run as it goes, and what the books are made of."""

    plan: Plan
    room: Path
    broker: Broker
    chance: random.Random
    jobs: list[Job]
    faults: list[Fault]
    watch: Watch
    store: Store
    receiver: Receiver
    clerk: Clerk
    crew: Crew
    desk: Desk
    struck: list[tuple[str, Point]] = field(default_factory=list)
    handed_over: int = 0
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    # the flow of jobs and faults

    async def play(self) -> None:
        """Every block of jobs with a fault in it, then until nothing is left to wait for."""
        if not await self._until(lambda: all(worker.child for worker in self.crew.workers), seconds=60):
            raise TimeoutError("the workers do not start; their logs say why (--keep DIRECTORY)")
        if not self.faults:
            await self._hand_over(self.jobs)
        for number, planned in enumerate(self.faults):
            block = self.jobs[self._place(number) : self._place(number + 1)]
            striking = asyncio.create_task(self._strike(planned))
            await asyncio.sleep(0)  # the trap is set before the jobs come
            await self._hand_over(block)
            await striking
            await self._until(lambda: self.outstanding < _OUTSTANDING, seconds=30)
        await self._until_over()
        self.seconds = time.monotonic() - self.started
        await self.crew.drain()

    @property
    def outstanding(self) -> int:
        """Jobs that were handed over and of whose end nobody has been told."""
        told = {receipt.job_id for receipt in self.receiver.receipts}
        told |= {receipt.link for receipt in self.receiver.receipts if receipt.link}
        return sum(not told & {each.job_id, each.link} for each in self.jobs[: self.handed_over])

    def _place(self, number: int) -> int:
        return number * len(self.jobs) // len(self.faults)

    async def _hand_over(self, jobs: Sequence[Job]) -> None:
        for each in jobs:
            if each.kind == "inbox":
                await self._put(self.store.root / each.inbox)
            await self.clerk.hand_over(each.publications())
            self.handed_over += 1
        await self.clerk.hand_over([word for each in jobs if (word := each.afterthought)])

    async def _put(self, path: Path) -> None:
        """As a person's command would: again, while the disk is full."""
        while True:
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(random.randbytes(5000))
                return
            await asyncio.sleep(0.2)

    async def _strike(self, planned: Fault) -> None:
        strike, shortest, longest = STRIKES[planned.kind]
        async with contextlib.AsyncExitStack() as mending:
            async with self._moment(planned.point) as scene:
                await mending.enter_async_context(strike(scene))
                self.struck.append((planned.kind, scene.moment.point if scene.moment else Point.ANY))
            await asyncio.sleep(self.chance.uniform(shortest, longest))

    @contextlib.asynccontextmanager
    async def _moment(self, point: Point) -> AsyncIterator[Scene]:
        scene = Scene(self.broker, self.crew, self.store.root, self.chance)
        if point is Point.ANY:
            await asyncio.sleep(self.chance.uniform(0, 0.5))
            yield scene
        else:
            async with self.watch.trap(point, patience=_TRAP_SECONDS) as moment:
                yield dataclasses.replace(scene, moment=moment)

    # the end

    async def _until_over(self) -> None:
        """Every job has ended, or nothing is left that could still end one."""
        while self.outstanding > 0:
            quiet = time.monotonic() - self.watch.last_activity
            if quiet > _PATIENCE_SECONDS or (quiet > _QUIET_SECONDS and not await self.left_in_queues()):
                break
            await asyncio.sleep(0.2)
        await self._until_empty()

    async def _until_empty(self) -> None:
        """What lies in the queues now belongs to no job that has not ended: duplicates, repeated events."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while await self.left_in_queues() and time.monotonic() < deadline:
            await asyncio.sleep(1)

    async def left_in_queues(self) -> dict[str, int]:
        """Messages, settled or not, in the queues that must be empty in the end."""
        table = await asyncio.to_thread(self.broker.ctl, "list_queues", "--no-table-headers", "name", "messages")
        rows = (line.split("\t") for line in table.splitlines())
        counts = {name: int(count) for name, count in rows if int(count)}
        return {name: n for name, n in counts.items() if name not in NOT_EMPTY and not name.endswith("_parked")}

    async def _until(self, holds: Callable[[], bool], *, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not holds() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        return holds()
