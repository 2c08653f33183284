"""Thousands of malformed and hostile messages to every queue of the fleet: nobody dies, nothing gets stuck or lost."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipmill import topology
from clipmill.events import Error, Result, read_event
from clipmill.pipeline import SERVICES
from tests.integration.faults import hostile, size
from tests.integration.faults.fleet import TOLD, Fleet, fleet_on, until
from tests.integration.faults.hostile import Message
from tests.integration.faults.sender import Sender, sender
from tests.rig.broker import Broker

pytestmark = pytest.mark.anyio

STEPS = size.choose(short=2000, full=70_000)
OTHERS = size.choose(short=1000, full=30_000)
SEED = 20261124

_BATCHES = size.choose(short=4, full=10)
_GROWTH_MIB = 12
_SECONDS_PER_BATCH = size.choose(short=120, full=1800)
_WITNESS = topology.Topology(
    queues=(topology.Queue(name="witness", kind="classic"),),
    bindings=tuple(
        topology.Binding(exchange=topology.RESULTS, queue="witness", key=f"{kind}.*") for kind in ("result", "error")
    ),
)


@pytest.mark.timeout(size.choose(short=300, full=3600))
async def test_each_hostile_message_is_parked_or_done_and_nobody_dies_of_it(rabbitmq: Broker, tmp_path: Path) -> None:
    """Parked and answered with an error, or done where it was merely odd; memory is flat, good jobs get through."""
    url = rabbitmq.new_vhost("quorum")
    async with fleet_on(url, tmp_path, rung_ms=50) as fleet:
        await fleet.session.declare(_WITNESS)
        services = [*(fleet.worker(f"{service}@1") for service in SERVICES), fleet.notifier(), fleet.manager()]
        await until(lambda: all(service.pid for service in services), "the processes")
        pids = [service.pid for service in services]
        proof, sizes = Proof(fleet, rabbitmq), list[list[int]]()
        with sender(url) as strangers:
            for batch in range(_BATCHES):
                await proof.strike(strangers, batch)
                sizes.append([service.rss >> 20 for service in services])
                print(f"batch {batch}: {dict(proof.fates)}, MiB of each process: {sizes[-1]}", flush=True)
            await proof.good_jobs_get_through(strangers)
        fates = proof.fates
        assert fates["errors"] == fates["parked"] + fates["cancelled"]
        assert fates["sent"] == fates["done"] + fates["parked"] + fates["cancelled"]
        assert [service.pid for service in services] == pids
        assert [death for service in services for death in service.deaths] == []
        assert [service.unit for service in services if "Traceback" in service.said] == []
        assert max(_growth(sizes, which) for which, _ in enumerate(services)) <= _GROWTH_MIB


class Proof:
    """What was sent, and what has become of it."""

    def __init__(self, fleet: Fleet, broker: Broker) -> None:
        self.fates: Counter[str] = Counter()
        self._fleet = fleet
        self._broker = broker
        self._chance = random.Random(SEED)
        self._numbers = iter(range(10**9))

    async def strike(self, strangers: Sender, batch: int) -> None:
        """A tenth of the messages, and wait until each has met its fate."""
        steps = await asyncio.to_thread(strangers.send, self._steps(STEPS // _BATCHES))
        await asyncio.to_thread(strangers.send, self._others(OTHERS // _BATCHES))
        self.fates["sent"] += steps
        async with asyncio.timeout(_SECONDS_PER_BATCH):
            while self.fates["parked"] + self.fates["done"] + self.fates["cancelled"] < self.fates["sent"]:
                await self._count()
            while await self._left():
                await self._count()
        await asyncio.to_thread(strangers.forget, TOLD)

    async def good_jobs_get_through(self, strangers: Sender) -> None:
        """Five for each service, and their senders are told."""
        names = {f"good-{service}-{number}" for service in SERVICES for number in range(5)}
        bodies = [(f"{n.split('-')[1]}_queue", json.dumps({"jobId": n, "link": "good", "pipeline": []})) for n in names]
        await asyncio.to_thread(strangers.send, [("", queue, Message(body.encode())) for queue, body in bodies])
        notices = [json.loads(notice.body) for notice in await self._fleet.take(TOLD, len(names))]
        assert {notice["jobId"] for notice in notices} == names
        assert {notice["payload"]["ending"] for notice in notices} == {"succeeded"}

    def _steps(self, count: int) -> Iterator[tuple[str, str, Message]]:
        for _ in range(count):
            number, service = next(self._numbers), self._chance.choice(SERVICES)
            message = hostile.step(self._chance, number, service)
            if self._chance.random() < 0.3:
                headers = hostile.dead_letter_headers(self._chance)
                properties = message.properties | {"headers": message.properties.get("headers", {}) | headers}
                yield "", topology.dead_letter_queue(service), Message(message.body, properties)
            else:
                yield "", topology.work_queue(service), message

    def _others(self, count: int) -> Iterator[tuple[str, str, Message]]:
        for _ in range(count):
            number, roll = next(self._numbers), self._chance.random()
            if roll < 0.1:
                yield topology.CONTROL, "cancel", hostile.cancellation(self._chance, number)
            elif roll < 0.2:
                yield "", topology.CANCELLATIONS_QUEUE, hostile.cancellation(self._chance, number)
            else:
                queues = (topology.NOTIFIER_QUEUE, topology.HISTORY_QUEUE, topology.SIGNS_QUEUE)
                yield "", self._chance.choice(queues), hostile.event(self._chance, number)

    async def _count(self) -> None:
        """What has come to the witness and to the parking lots."""
        for queue in ("witness", *map(topology.parking_lot, SERVICES)):
            if waiting := await self._fleet.session.depth(queue):
                taken = await self._fleet.take(queue, waiting)
                if queue == "witness":
                    events = [read_event(one.body) for one in taken]
                    self.fates["done"] += sum(isinstance(event, Result) for event in events)
                    errors = [event for event in events if isinstance(event, Error)]
                    self.fates["errors"] += len(errors)
                    self.fates["cancelled"] += sum(error.payload.cancelled for error in errors)
                else:
                    self.fates["parked"] += len(taken)
        await asyncio.sleep(0.1)

    async def _left(self) -> list[str]:
        """Queues of this vhost in which something lies, settled or not."""
        vhost = self._fleet.vhost
        table = await asyncio.to_thread(
            self._broker.ctl, "list_queues", "-p", vhost, "--no-table-headers", "name", "messages"
        )
        rows = (line.split("\t") for line in table.splitlines())
        return [name for name, count in rows if int(count) and name != TOLD]


def _growth(sizes: list[list[int]], which: int) -> int:
    """MiB by which a process has grown since the first batches."""
    return sizes[-1][which] - max(size[which] for size in sizes[:2])
