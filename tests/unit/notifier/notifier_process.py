"""A notifier as a process of its own, to be killed: STATE URL; with a third word its broker holds a job's events."""

from __future__ import annotations

import asyncio
import signal
import sys

from clipmill import settings, topology
from clipmill.event_worker import EventWorker
from clipmill.inprocess import InProcessBroker
from clipmill.systemd import Supervisor
from clipmill_notifier.consumer import Notifier
from tests.unit.notifier.job import whole


async def main(state: str, url: str, *tell: str) -> None:
    """Until SIGTERM."""
    broker = InProcessBroker()
    session = await broker.open()
    await session.declare(topology.results())
    if tell:
        await session.publish(*whole("job"))
    chosen = settings.load(
        {"STORE": "/store", "STATE_DIRECTORY": state, "CREDENTIALS_DIRECTORY": state, "NOTIFY_WEBHOOK_URL": url}
    )
    worker = EventWorker(Notifier(chosen), broker=broker, settings=chosen, supervisor=Supervisor())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.drain)
    await worker.run()


asyncio.run(main(*sys.argv[1:]))
