"""A manager's hard day: a backlog, a kill in the middle of it, then a fleet of 200 workers and people who ask."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text

from bench import processes
from bench.footprint.service import environment, started
from bench.manager import filling
from bench.manager.asking import Desk
from bench.manager.fleet import Fleet
from bench.manager.telling import tell
from clipmill import messages, settings, topology
from clipmill.broker import RabbitBroker
from clipmill.events import Event
from clipmill.session import Session

_A_SECOND = 1_000
"""Events."""
_PATIENCE = 600


async def live(directory: Path, url: str, *, seconds: int, backlog: int) -> None:
    """Measure and print."""
    session = await RabbitBroker(settings.load({"BROKER_URL": url}).broker).open()
    await session.declare(topology.results())
    before = _jobs(directory)
    print(f"{before} jobs in the history")
    lived = environment(directory, url)
    lasting = await tell(session, _jobs_told(backlog, seed=7))
    await _killed_half_way(session, lived, lasting)
    with started("manager", lived) as pid:
        await _answers(directory)
        await _empty(session, at_most=0)
        booked = await _booked(directory, before + backlog) - before
        print(f"after a kill -9 in the backlog: {booked} of {backlog} new jobs in the books")
        desk = Desk(directory / "state" / "manager.sock")
        busy = asyncio.create_task(_questions(desk, directory))
        await _steady(session, pid, seconds)
        busy.cancel()
        print(desk.table())
    await session.close()


async def _killed_half_way(session: Session, lived: dict[str, str], lasting: int) -> None:
    with started("manager", lived) as pid:
        await _empty(session, at_most=lasting * 9 // 10)
        start, cpu = time.monotonic(), processes.cpu_seconds(pid)
        await _empty(session, at_most=lasting // 2)
        took, worked = time.monotonic() - start, processes.cpu_seconds(pid) - cpu
        print(f"backlog: {lasting * 0.4 / took:.0f} results/s, {lasting * 0.4 / worked:.0f} a CPU second")
        os.kill(pid, signal.SIGKILL)


async def _steady(session: Session, pid: int, seconds: int) -> None:
    """So many events each second, of jobs and of signs of life, whatever the manager makes of them."""
    told, cpu, start, most = _mixed(), processes.cpu_seconds(pid), time.monotonic(), 0.0
    for second in range(seconds):
        await tell(session, itertools.islice(told, _A_SECOND))
        most = max(most, processes.pss_mib(pid))
        await asyncio.sleep(max(0.0, start + second + 1 - time.monotonic()))
    behind = await session.depth(topology.HISTORY_QUEUE) + await session.depth(topology.SIGNS_QUEUE)
    took = time.monotonic() - start
    share = (processes.cpu_seconds(pid) - cpu) / took
    print(
        f"{_A_SECOND * seconds / took:.0f} events/s for {took:.0f} s: {share:.0%} of a core, {most:.0f} MiB PSS, "
        f"{behind} behind at the end"
    )


def _mixed() -> Iterator[Event]:
    """Half the events are signs of 200 workers, the other half those of jobs."""
    fleet = Fleet(seed=11)
    signs = itertools.chain.from_iterable(fleet.signs(messages.now()) for _ in itertools.count())
    work = filling.events(fleet, 10**9, first=messages.now())
    for sign, told in zip(signs, work, strict=False):
        yield from (sign, told)


def _jobs_told(number: int, *, seed: int) -> Iterator[Event]:
    return filling.events(Fleet(seed=seed), number, first=messages.now() - 3_600_000)


async def _questions(desk: Desk, directory: Path) -> None:
    """What pages ask, one after the other, ten a second."""
    names = _some_jobs(directory)
    for number in itertools.count():
        for what, target in _targets(names[number % len(names)]):
            await asyncio.to_thread(desk.ask, what, target)
            await asyncio.sleep(0.1)


def _targets(job_id: str) -> list[tuple[str, str]]:
    targets = {
        "the fleet": "/api/fleet",
        "the newest jobs": "/api/jobs?limit=50",
        "failed jobs": "/api/jobs?state=failed",
        "a sender's jobs": "/api/jobs?sender=%2B5511900000042",
        "a reason, looked through": "/api/jobs?reason=nothing%20like%20it",
        "a job": f"/api/jobs/{job_id}",
        "figures": "/metrics",
    }
    return list(targets.items())


async def _answers(directory: Path) -> None:
    desk = Desk(directory / "state" / "manager.sock")
    async with asyncio.timeout(_PATIENCE):
        while True:
            with contextlib.suppress(OSError):
                if json.loads(desk.ask("", "/api/fleet"))["broker"]["connected"]:
                    return
            await asyncio.sleep(0.1)


async def _empty(session: Session, *, at_most: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        while await session.depth(topology.HISTORY_QUEUE) > at_most:
            await asyncio.sleep(0.02)


async def _booked(directory: Path, expected: int) -> int:
    """The jobs in the books, once those that were delivered last have had their time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while _jobs(directory) < expected:
                await asyncio.sleep(0.1)
    return _jobs(directory)


def _jobs(directory: Path) -> int:
    return int(str(_query(directory, "SELECT count(*) FROM jobs WHERE state != 'open'")[0]))


def _some_jobs(directory: Path) -> list[str]:
    return [str(name) for name in _query(directory, "SELECT job_id FROM jobs WHERE id % 1009 = 7 LIMIT 200")]


def _query(directory: Path, statement: str) -> list[object]:
    engine = create_engine(f"sqlite:///{directory / 'state' / 'history.db'}")
    with engine.connect() as connection:
        found = [row[0] for row in connection.execute(text(statement))]
    engine.dispose()
    return found
