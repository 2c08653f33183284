"""`clipmill queues export | import`: takes what waits in the queues from one broker to another.

RabbitMQ 4.0 (Debian 13) does not take over 3.10's queues (Debian 12).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from clipmill import settings, topology
from clipmill.broker import RabbitBroker
from clipmill.outcome import ToolError
from clipmill.pipeline import SERVICES
from clipmill.session import Session
from clipmill_cli import door, queue_archive
from clipmill_cli.fleet import units
from clipmill_cli.queue_archive import Kept
from clipmill_cli.trouble import Trouble

_BATCH = 100

File = Annotated[Path, typer.Argument(metavar="FILE", help="The archive.")]


def export(file: File) -> None:
    """Copy all that waits in the queues into a file; the broker keeps it. The fleet must be stopped, on each machine.

    \b
    Example, on Debian 12, before the upgrade:
      sudo systemctl stop clipmill.target
      sudo clipmill queues export /root/queues
    """
    if running := _running():
        raise Trouble(f"{', '.join(running)} would go on taking messages: sudo systemctl stop clipmill.target")
    kept = asyncio.run(_take())
    queue_archive.write(file, kept)
    _tell("copied from", kept)


def import_(file: File) -> None:
    """Put what a file holds into the queues, which may have messages already. A step that comes twice is one.

    \b
    Example, on Debian 13, after the upgrade:
      sudo clipmill queues import /root/queues
    """
    kept = queue_archive.read(file)
    asyncio.run(_put(kept))
    _tell("put into", kept)


async def _take() -> list[Kept]:
    async with door.session(_broker()) as session:
        await session.declare(topology.fleet_topology(SERVICES))
        return [kept async for kept in _all(session)]


async def _all(session: Session) -> AsyncIterator[Kept]:
    """Every message but signs of life. None is acked: all go back when the session ends."""
    for queue in topology.fleet_topology(SERVICES).queues:
        waiting = 0 if queue.name == topology.SIGNS_QUEUE else await session.depth(queue.name)
        if waiting:
            async with session.consume(queue.name, prefetch=waiting) as deliveries:
                async for delivery in deliveries:
                    yield Kept.of(delivery)
                    waiting -= 1
                    if not waiting:
                        break


async def _put(kept: list[Kept]) -> None:
    async with door.session(_broker()) as session:
        await session.declare(topology.fleet_topology(SERVICES))
        for start in range(0, len(kept), _BATCH):
            await session.publish(*(message.publication() for message in kept[start : start + _BATCH]))


def _running() -> list[str]:
    try:
        return [unit.removesuffix(".service") for unit in units.alive()]
    except ToolError:
        return []  # no systemd here: the fleet is elsewhere


def _broker() -> RabbitBroker:
    return RabbitBroker(settings.load_for_operator().broker, client="clipmill queues")


def _tell(done: str, kept: list[Kept]) -> None:
    for queue, count in Counter(message.queue for message in kept).items():
        typer.echo(f"{done} {queue}: {count}")
    typer.echo(f"{len(kept)} messages")
