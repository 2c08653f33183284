"""One run: jobs and faults of a seed, from an empty broker to the books."""

import contextlib
import random
import tempfile
from pathlib import Path

from clipmill.store import Store
from tests.chaos import fault, job
from tests.chaos.books import Books, settle_up
from tests.chaos.clerk import Clerk
from tests.chaos.crew import Crew
from tests.chaos.desk import Desk
from tests.chaos.moment import Watch
from tests.chaos.receiver import Receiver
from tests.chaos.stage import Plan, Stage
from tests.rig.broker import AMQP_PORT, Broker
from tests.rig.disk import small_disk

_DISK_MEGABYTES = 64


async def play(plan: Plan, broker: Broker, *, keep: Path | None = None) -> Books:
    """Play the plan on an empty broker; the books of it. Logs and notifier's memory stay in `keep`."""
    async with contextlib.AsyncExitStack() as stack:
        room = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clipmill-chaos-")))
        stack.enter_context(small_disk(room / "store", megabytes=_DISK_MEGABYTES))
        stage = await _set(plan, broker, room, stack)
        await stage.play()
        return await settle_up(stage)


async def _set(plan: Plan, broker: Broker, room: Path, stack: contextlib.AsyncExitStack) -> Stage:
    chance, watch, store = random.Random(plan.seed), Watch(), Store(room / "store")
    jobs = job.draw(chance, plan.jobs) if isinstance(plan.jobs, int) else job.draw_each(chance, plan.jobs)
    faults = fault.draw(chance, len(jobs), plan.kinds)
    receiver = Receiver(watch)
    await stack.enter_async_context(receiver.open())
    address = (broker.host, AMQP_PORT)
    crew = Crew(room, address, watch, webhook=receiver.port, plant=plan.plant)
    desk = Desk(store, watch, crew.unit_of)
    clerk = Clerk(*address)
    stack.push_async_callback(clerk.close)
    await clerk.prepare()
    await stack.enter_async_context(desk.open())
    await stack.enter_async_context(crew.open())
    return Stage(plan, room, broker, chance, jobs, faults, watch, store, receiver, clerk, crew, desk)
