"""How each kind of fault strikes, and how it is mended."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from clipmill.topology import NOTIFIER_QUEUE
from tests.chaos.crew import Crew, Member
from tests.chaos.moment import Moment
from tests.rig import disk
from tests.rig.broker import Broker
from tests.rig.deadline import until


@dataclass(frozen=True)
class Scene:
    """Everything that a fault may strike, and the moment at which it does; None: just now."""

    broker: Broker
    crew: Crew
    store: Path
    chance: random.Random
    moment: Moment | None = None

    @property
    def victim(self) -> Member:
        """The worker whose moment it is, or any."""
        caught = [worker for worker in self.crew.workers if self.moment and worker.unit == self.moment.unit]
        return caught[0] if caught else self.chance.choice(self.crew.workers)

    @property
    def child(self) -> int | None:
        """The process of the handler whose moment it is, or any."""
        return self.moment.child if self.moment and self.moment.child else self.victim.child


Strike = Callable[[Scene], AbstractAsyncContextManager[None]]


@contextlib.asynccontextmanager
async def worker_killed(scene: Scene) -> AsyncIterator[None]:
    """SIGKILL, as the OOM killer sends it."""
    scene.victim.signal(signal.SIGKILL)
    yield


@contextlib.asynccontextmanager
async def worker_stopped(scene: Scene) -> AsyncIterator[None]:
    """SIGSTOP; half of the time the broker gives its step to another one meanwhile."""
    victim = scene.victim
    victim.signal(signal.SIGSTOP)
    if scene.chance.random() < 0.5:
        victim.proxy.cut()
    yield
    victim.signal(signal.SIGCONT)


@contextlib.asynccontextmanager
async def child_killed(scene: Scene) -> AsyncIterator[None]:
    """SIGKILL of the handler's process alone."""
    _signal(scene.child, signal.SIGKILL)
    yield


@contextlib.asynccontextmanager
async def child_stopped(scene: Scene) -> AsyncIterator[None]:
    """SIGSTOP of the handler's process."""
    child = scene.child
    _signal(child, signal.SIGSTOP)
    yield
    _signal(child, signal.SIGCONT)


@contextlib.asynccontextmanager
async def broker_restarted(scene: Scene) -> AsyncIterator[None]:
    """An orderly stop; the port refuses meanwhile."""
    scene.crew.refuse()
    await asyncio.to_thread(scene.broker.stop)
    yield
    await asyncio.to_thread(scene.broker.start)
    await scene.crew.listen()


@contextlib.asynccontextmanager
async def broker_killed(scene: Scene) -> AsyncIterator[None]:
    """SIGKILL of the whole node."""
    scene.crew.refuse()
    await asyncio.to_thread(scene.broker.kill)
    yield
    await asyncio.to_thread(scene.broker.start)
    await scene.crew.listen()


@contextlib.asynccontextmanager
async def broker_frozen(scene: Scene) -> AsyncIterator[None]:
    """The container is paused: every connection stands, and nothing answers."""
    frozen = scene.broker.paused()
    await asyncio.to_thread(frozen.__enter__)
    yield
    await asyncio.to_thread(frozen.__exit__, None, None, None)


@contextlib.asynccontextmanager
async def connections_closed(scene: Scene) -> AsyncIterator[None]:
    """The broker closes all of them, as an administrator tells it."""
    await asyncio.to_thread(scene.broker.ctl, "close_all_connections", "chaos")
    yield


@contextlib.asynccontextmanager
async def connection_cut(scene: Scene) -> AsyncIterator[None]:
    """A reset on both sides."""
    scene.victim.proxy.cut()
    yield


@contextlib.asynccontextmanager
async def connection_stalled(scene: Scene) -> AsyncIterator[None]:
    """Nothing gets through for a while, and then all of it."""
    links = list(scene.victim.proxy.links)
    for link in links:
        link.stall()
    yield
    for link in links:
        link.resume()


@contextlib.asynccontextmanager
async def half_open(scene: Scene) -> AsyncIterator[None]:
    """One side is gone without a word to the other; nobody mends that."""
    for link in list(scene.victim.proxy.links):
        if scene.chance.random() < 0.75:
            link.cut_broker()
        else:
            link.cut_worker()
    yield


@contextlib.asynccontextmanager
async def disk_full(scene: Scene) -> AsyncIterator[None]:
    """Not a byte is free; half of the time a worker has to start like that."""
    disk.fill(scene.store)
    if scene.chance.random() < 0.5:
        scene.victim.signal(signal.SIGKILL)
    yield
    disk.free(scene.store)


@contextlib.asynccontextmanager
async def queue_full(scene: Scene) -> AsyncIterator[None]:
    """The broker refuses events: their queue has a limit, and nobody empties it."""
    limit = '{"max-length": 1, "overflow": "reject-publish"}'
    with scene.crew.notifier.held_down():
        await asyncio.to_thread(scene.broker.ctl, "set_policy", "full", "^notifier$", limit, "--apply-to", "queues")
        yield
    # Emptied before the limit is lifted: RabbitMQ 3.10 goes on refusing a channel that it refused at that moment
    # (seen; a fresh channel publishes, and 4.0 forgives both).
    await asyncio.to_thread(until, lambda: _is_empty(scene.broker, NOTIFIER_QUEUE), what="an empty queue", seconds=60)
    await asyncio.to_thread(scene.broker.ctl, "clear_policy", "full")


@contextlib.asynccontextmanager
async def notifier_killed(scene: Scene) -> AsyncIterator[None]:
    """SIGKILL."""
    scene.crew.notifier.signal(signal.SIGKILL)
    yield


STRIKES: dict[str, tuple[Strike, float, float]] = {
    "worker killed": (worker_killed, 0, 0.2),
    "worker stopped": (worker_stopped, 0.5, 2.5),
    "child killed": (child_killed, 0, 0.2),
    "child stopped": (child_stopped, 0.5, 2.5),
    "broker restarted": (broker_restarted, 0, 1),
    "broker killed": (broker_killed, 0, 1),
    "broker frozen": (broker_frozen, 1, 4),
    "connections closed": (connections_closed, 0, 0.2),
    "connection cut": (connection_cut, 0, 0.2),
    "connection stalled": (connection_stalled, 0.5, 4),
    "half-open": (half_open, 0, 0.2),
    "disk full": (disk_full, 1, 3),
    "queue full": (queue_full, 1, 3),
    "notifier killed": (notifier_killed, 0, 0.2),
}
"""By kind: how it strikes, and how long it lasts, in seconds."""


def _is_empty(broker: Broker, queue: str) -> bool:
    rows = broker.ctl("list_queues", "--no-table-headers", "name", "messages").splitlines()
    return f"{queue}\t0" in rows


def _signal(pid: int | None, number: signal.Signals) -> None:
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
