"""`clipmill queues`: what waits on an old broker goes into a file, and from there to a new one, nothing missing."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clipmill import settings, topology
from clipmill.broker import RabbitBroker
from clipmill.messages import Step, write_step
from clipmill.pipeline import SERVICES
from clipmill.session import Publication
from clipmill_cli.queue_archive import Kept
from tests.rig.broker import Broker
from tests.rig.command import clipmill

Brokers = Callable[[str], Broker]
FLEET = topology.fleet_topology(SERVICES)


def step(number: int) -> bytes:
    return write_step(Step(job_id=f"job{number}", id=f"job{number}/cutter/0", file_path=f"inbox/{number}"))


def samples() -> list[Kept]:
    """Steps, steps that wait on rungs, a dead letter with its reason whose body is no text, events."""
    reason: dict[str, str | int | bool] = {"x-reason": "gone", "x-permanent": True}
    rungs = [Kept(queue=topology.rung(seconds), body=step(seconds)) for seconds in topology.RUNG_SECONDS[3:]]
    work = [Kept(queue="cutter_queue", body=step(n), message_id=f"m{n}", reply_to="answers") for n in range(250)]
    parked = [Kept(queue="download_queue_parked", body=b"\xff\xfe no text", headers=reason)]
    return [*work, *parked, *rungs, Kept(queue="notifier", body=b"{}"), Kept(queue="history", body=b"{}")]


async def fill(url: str, kept: list[Kept]) -> None:
    session = await RabbitBroker(settings.load({"BROKER_URL": url}).broker).open()
    await session.declare(FLEET)
    publications: list[Publication] = [message.publication() for message in kept]
    await session.publish(*publications)
    await session.close()


async def content(url: str) -> list[Kept]:
    """All that waits, in the order of queues and arrival."""
    session = await RabbitBroker(settings.load({"BROKER_URL": url}).broker).open()
    found: list[Kept] = []
    for queue in FLEET.queues:
        waiting = await session.depth(queue.name)
        if waiting:
            async with session.consume(queue.name, prefetch=waiting) as deliveries:
                async for delivery in deliveries:
                    found.append(Kept.of(delivery))
                    waiting -= 1
                    if not waiting:
                        break
    await session.close()
    return found


def in_order(kept: list[Kept]) -> list[Kept]:
    return sorted(kept, key=lambda message: message.queue)


@pytest.mark.timeout(300)
def test_everything_moves_from_one_broker_to_another(rabbitmqs: Brokers, tmp_path: Path) -> None:
    there, here = (rabbitmqs(version).new_vhost("quorum") for version in ("3.10", "4.0"))
    asyncio.run(fill(there, samples()))
    archive = tmp_path / "queues"
    exported = clipmill("queues", "export", str(archive), BROKER_URL=there)
    assert exported.returncode == 0, exported.stderr
    assert "copied from cutter_queue: 250" in exported.stdout
    assert archive.stat().st_mode & 0o777 == 0o600
    imported = clipmill("queues", "import", str(archive), BROKER_URL=here)
    assert imported.returncode == 0, imported.stderr
    assert in_order(asyncio.run(content(here))) == in_order(samples())
    assert in_order(asyncio.run(content(there))) == in_order(samples())


@pytest.mark.parametrize("spoil", ["cut", "other"])
def test_an_archive_that_is_not_whole_is_refused(rabbitmqs: Brokers, tmp_path: Path, spoil: str) -> None:
    url = rabbitmqs("3.10").new_vhost("quorum")
    asyncio.run(fill(url, samples()[:3]))
    archive = tmp_path / "queues"
    clipmill("queues", "export", str(archive), BROKER_URL=url)
    lines = archive.read_text().splitlines(keepends=True)
    archive.write_text("".join(lines[:-1]) if spoil == "cut" else json.dumps({"format": "another"}))
    refused = clipmill("queues", "import", str(archive), BROKER_URL=url)
    assert refused.returncode == 1
    assert str(archive) in refused.stderr
    assert "Traceback" not in refused.stderr
