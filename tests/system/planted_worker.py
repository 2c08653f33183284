"""A real cutter worker with a fault planted in its loop, which SIGUSR1 sets off: planted_worker.py INSTANCE FAULT.

Runs inside a machine, in the place of the unit's own program. The faults: hang, crash, grow.
"""

import asyncio
import signal
import sys

from clipmill import process
from clipmill.beside import first_of
from clipmill.broker import RabbitBroker
from clipmill.settings import Settings
from clipmill.systemd import Supervisor
from clipmill.worker import Worker

MIB = 1 << 20


class PlantedWorker(Worker):
    """The worker, and beside it what goes wrong."""

    async def run(self) -> None:
        armed = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, armed.set)
        await first_of(super().run(), self._go_wrong(armed, sys.argv[2]))

    async def _go_wrong(self, armed: asyncio.Event, fault: str) -> None:
        await armed.wait()
        match fault:
            case "hang":
                while True:
                    pass
            case "crash":
                raise RuntimeError("planted")
            case "grow":
                self.hoard = b"x" * (220 * MIB)
                await asyncio.Event().wait()
            case _:
                raise ValueError(fault)


def make(settings: Settings) -> Worker:
    unit = process.unit_name("cutter")
    broker = RabbitBroker(settings.broker, client=unit)
    handler = "clipmill_cutter.handler:handle"
    return PlantedWorker("cutter", unit, handler=handler, broker=broker, settings=settings, supervisor=Supervisor())


if __name__ == "__main__":
    process.run(process.unit_name("cutter"), make, writes_store=True)
