"""The processes under test, workers and notifier, each behind a proxy; one that ends is started again."""

import asyncio
import base64
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from tests.chaos.moment import Watch
from tests.chaos.proxy import Proxy

ROOT = Path(__file__).parents[2]
_RESTART_SECONDS = 0.3
_STOP_SECONDS = 60
_BY_OUR_HAND = -signal.SIGKILL


class Member:
    """One process."""

    def __init__(self, unit: str, command: Sequence[str], proxy: Proxy, log: Path) -> None:
        self.unit = unit
        self.proxy = proxy
        self.pid = 0
        self.deaths: list[int] = []
        """How each process ended: an exit status, or minus a signal."""
        self.pids: set[int] = set()
        self._command = command
        self._log = log
        self._may_run = asyncio.Event()
        self._may_run.set()
        self._stopping = False

    async def run(self, environment: dict[str, str]) -> None:
        """Until told to stop."""
        while not self._stopping:
            await self._may_run.wait()
            with self._log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *self._command, cwd=ROOT, env=environment, stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL
                )
            self.pid = process.pid
            self.pids.add(process.pid)
            status = await process.wait()
            self.pid = 0
            self.deaths.append(status)
            await asyncio.sleep(_RESTART_SECONDS)

    @property
    def crashes(self) -> list[int]:
        """Deaths that nobody wanted: neither killed by us nor drained."""
        return [status for status in self.deaths if status not in (_BY_OUR_HAND, 0)]

    @property
    def child(self) -> int | None:
        """Its handler's process."""
        with contextlib.suppress(OSError, IndexError):
            return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])
        return None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, if there is one."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    @contextlib.contextmanager
    def held_down(self) -> Iterator[None]:
        """Killed, and not started again before the end of the block."""
        self._may_run.clear()
        self.signal(signal.SIGKILL)
        try:
            yield
        finally:
            self._may_run.set()

    def stop(self) -> None:
        """SIGTERM, as `systemctl stop`."""
        self._stopping = True
        self._may_run.set()
        self.signal(signal.SIGTERM)


class Crew:
    """All of them."""

    def __init__(self, room: Path, broker: tuple[str, int], watch: Watch, *, webhook: int, plant: str) -> None:
        self._room = room
        self._watch = watch
        self._broker = broker
        self._webhook = webhook
        self._tasks: list[asyncio.Task[None]] = []
        self.workers = [self._worker(unit, plant) for unit in UNITS]
        self.notifier = self._member("notifier", [sys.executable, "-m", "clipmill_notifier"])

    @property
    def members(self) -> list[Member]:
        """Workers and notifier."""
        return [*self.workers, self.notifier]

    def unit_of(self, pid: int) -> str:
        """Whose process that is, or was."""
        return next((member.unit for member in self.members if pid in member.pids), "?")

    def worker(self, unit: str) -> Member:
        """The worker of that name."""
        return next(member for member in self.workers if member.unit == unit)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """They run during the block."""
        secret = self._room / "credentials" / "webhook-secret"
        secret.parent.mkdir()
        secret.write_text("whsec_" + base64.b64encode(b"chaos" * 6).decode())
        await self.listen()
        for member in self.members:
            self._tasks.append(asyncio.create_task(member.run(self._environment(member))))
        try:
            yield
        finally:
            for member in self.members:
                member.signal(signal.SIGKILL)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*(member.proxy.close() for member in self.members))

    async def drain(self) -> None:
        """Stop everybody in good order."""
        for member in self.members:
            member.stop()
        await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)

    async def listen(self) -> None:
        """The broker can be reached."""
        for member in self.members:
            await member.proxy.listen()

    def refuse(self) -> None:
        """The broker's port is closed."""
        for member in self.members:
            member.proxy.refuse()

    def _worker(self, unit: str, plant: str) -> Member:
        service, _, number = unit.partition("@")
        return self._member(unit, [sys.executable, "-m", "tests.chaos.worker", service, number, plant])

    def _member(self, unit: str, command: Sequence[str]) -> Member:
        return Member(unit, command, Proxy(unit, self._watch, self._broker), self._room / f"{unit}.log")

    def _environment(self, member: Member) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "BROKER_URL": f"amqp://guest:guest@127.0.0.1:{member.proxy.port}/%2F",
            "STORE": str(self._room / "store"),
            "STATE_DIRECTORY": str(self._room / ("notifier" if member is self.notifier else "store")),
            "CREDENTIALS_DIRECTORY": str(self._room / "credentials"),
            "NOTIFY_WEBHOOK_URL": f"http://127.0.0.1:{self._webhook}/",
            "DISK_RESERVE": "4M",
            "JOB_TIMEOUT": "60",
            "STALL_TIMEOUT": "30",
            "DRAIN_TIMEOUT": "40",
        }


UNITS = ("download@1", "download@2", "cutter@1", "cutter@2", "preview@1")
