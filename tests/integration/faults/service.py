"""One service as a process of its own, started again when it ends, as systemd would."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from clipmill import memory

_RESTART_SECONDS = 0.2
_STOP_SECONDS = 60


class Service:
    """A process, those that stood in its place before, and all that they wrote to standard error."""

    def __init__(self, unit: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.unit = unit
        self.pid = 0
        self.deaths: list[int] = []
        """How each process ended: an exit status, or minus a signal."""
        self._command = command
        self._environment = environment
        self._log = log
        self._stopping = False
        self._life = asyncio.create_task(self._live())

    @property
    def said(self) -> str:
        """Its log so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def child(self) -> int | None:
        """The handler's process."""
        with contextlib.suppress(OSError, IndexError):
            return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])
        return None

    @property
    def rss(self) -> int:
        """Resident bytes of the process itself."""
        return memory.rss(self.pid)

    async def stop(self) -> None:
        """SIGTERM, as `systemctl stop`; SIGKILL when it takes too long."""
        self._stopping = True
        self.signal(signal.SIGTERM)
        await asyncio.wait({self._life}, timeout=_STOP_SECONDS)
        self.signal(signal.SIGKILL)
        await self._life

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, if there is one."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def _live(self) -> None:
        while not self._stopping:
            with self._log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *self._command, env=self._environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
                )
            self.pid = process.pid
            self.deaths.append(await process.wait())
            self.pid = 0
            await asyncio.sleep(_RESTART_SECONDS)
