"""The worker's side of the child: starts it warm, gives it steps, hears its outcomes, and buries it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType

import msgspec

from clipmill import child_wire, death, family, memory, settings
from clipmill.child_wire import Ended, Ready, Report
from clipmill.memory import Wear
from clipmill.messages import Step
from clipmill.outcome import Outcome, Retry
from clipmill.settings import Settings, child_environment

log = logging.getLogger(__name__)

_START_SECONDS = 60
_LINE_BYTES = 16 << 20
_READ_BYTES = 64 << 10


class ChildLost(Exception):
    """The child ended, or had to be ended, without an outcome; the text says how."""

    def __init__(self, reason: str, cause: str = "crash") -> None:
        super().__init__(reason)
        self.cause = cause


class Child:
    """The process in which a service's handler runs: warm, reused, and replaced when it has died or served long."""

    def __init__(self, handler: str, given: Settings, worker: str) -> None:
        self._handler = handler
        self._settings = given
        self._worker = worker
        self._process: _Process | None = None
        self._wear = Wear()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process else None

    async def __aenter__(self) -> Child:
        await self.warm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.bury()

    async def warm(self) -> None:
        """Start a child if there is none, and wait until its handler is imported. Raises ChildLost."""
        if self._process is None:
            self._wear = Wear()
            self._process = _Process.start(self._handler, self._worker)
            try:
                await self._process.greet(self._settings)
            except BaseException:
                await self.bury()
                raise

    async def attempt(self, step: Step, on_progress: Callable[[Report], None]) -> Outcome:
        """One attempt of `step`. However the child ends, that is an outcome too; the next child is started at once."""
        try:
            async with asyncio.timeout(self._settings.job_timeout):
                await self.warm()
                if self._process is None:
                    raise ChildLost("the handler's process was ended as it began")
                return await self._process.attempt(step, on_progress, self._settings.stall_timeout)
        except TimeoutError:
            await self.bury()
            return Retry(f"timed out after {self._settings.job_timeout:.0f} s", "timeout")
        except ChildLost as loss:
            await self.bury()
            return Retry(str(loss), loss.cause)

    async def refresh(self) -> None:
        """Between steps: replace a child that has served long or grows and grows; start one where there is none."""
        if self._process:
            self._wear.add(self._process.size)
        if reason := self._wear.reason_to_replace(limit=self._settings.child_memory):
            log.info("the child is replaced: %s", reason)
            await self.bury()
        try:
            await self.warm()
        except ChildLost as death:
            log.error("the next child did not start: %s", death)  # noqa: TRY400  # a child's death has no stack of ours
            await self.bury()

    async def bury(self) -> None:
        """End the child and its whole process group (an ffmpeg would outlive it)."""
        process, self._process = self._process, None
        if process:
            await process.bury()


class _Process:
    """One child process and the socket to it."""

    @classmethod
    def start(cls, handler: str, worker: str) -> _Process:
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "clipmill.child_main", handler, str(theirs.fileno()), worker],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=child_environment(),
                process_group=0,
            )
        return cls(process, ours)

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket) -> None:
        self.pid = process.pid
        self._process = process
        self._socket = connection
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def size(self) -> int:
        """Its resident bytes."""
        return memory.rss(self.pid)

    async def greet(self, given: Settings) -> None:
        """Tell the settings and wait until the handler is imported."""
        self._streams = await asyncio.open_connection(sock=self._socket, limit=_LINE_BYTES)
        # of asyncio's 256 KiB malloc would map new memory for each line, and unmap it again
        self._streams[1].transport.max_size = _READ_BYTES  # type: ignore[attr-defined]
        self._streams[1].write(settings.dump(given) + b"\n")
        try:
            async with asyncio.timeout(_START_SECONDS):
                if not isinstance(await self._hear(), Ready):
                    raise ChildLost("the child spoke out of turn")
        except TimeoutError:
            raise ChildLost(f"the handler was not imported within {_START_SECONDS} s") from None

    async def attempt(self, step: Step, on_progress: Callable[[Report], None], stall: float) -> Outcome:
        """Give it the step; hear it out. Raises ChildLost, also when it says nothing for `stall` seconds."""
        assert self._streams
        self._streams[1].write(child_wire.encode_step(step))
        # said while the child wakes up, where it costs no time
        log.info("attempt %d begins: %.300s", step.attempt, step.file_path or step.link)
        on_progress(Report(0))
        while True:
            match await self._hear_within(stall):
                case Report() as report:
                    on_progress(report)
                case Ended(outcome):
                    return outcome
                case Ready():
                    raise ChildLost("the child spoke out of turn")

    async def bury(self) -> None:
        """Kill the group, reap the child, close the socket."""
        self._kill()
        try:
            await self._exit()
        finally:
            if self._streams:
                self._streams[1].close()
            else:
                self._socket.close()

    async def _hear_within(self, seconds: float) -> child_wire.FromChild:
        try:
            async with asyncio.timeout(seconds):
                return await self._hear()
        except TimeoutError:
            raise ChildLost(f"no progress for {seconds:.0f} s", "stall") from None

    async def _hear(self) -> child_wire.FromChild:
        assert self._streams
        try:
            line = await self._streams[0].readline()
            if line:
                return child_wire.decode(line)
        except (ConnectionError, ValueError, msgspec.DecodeError) as error:
            log.warning("the child said what makes no sense: %s", error)
            self._kill()
        raise ChildLost(death.of(await self._exit()))

    def _kill(self) -> None:
        """The whole group, and what has left it; a cancellation may have buried it already."""
        if self._process.returncode is None:
            family.end(self.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    async def _exit(self) -> int:
        """Wait for its exit without a thread: a pidfd becomes readable when the process has ended (pidfd_open(2))."""
        if self._process.poll() is None:
            loop, ended = asyncio.get_running_loop(), asyncio.Event()
            descriptor = os.pidfd_open(self.pid)
            loop.add_reader(descriptor, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(descriptor)
                os.close(descriptor)
        return self._process.wait()
