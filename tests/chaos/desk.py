"""The desk at which handlers report: every run of a step, when it began, how far it came."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from clipmill.store import Store
from tests.chaos.handler import DESK
from tests.chaos.moment import Moment, Point, Watch

_COMMIT_SECONDS = 0.5


@dataclass
class Run:
    """One run of the handler."""

    step: str
    attempt: int
    worker: int
    again: bool
    """The step's manifest stood already."""
    ended: bool = False


class Desk:
    """Keeps the runs."""

    def __init__(self, store: Store, watch: Watch, unit_of: Callable[[int], str]) -> None:
        self.runs: list[Run] = []
        self.children: set[int] = set()
        self._store = store
        self._watch = watch
        self._unit_of = unit_of

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take reports during the block."""
        server = await asyncio.start_unix_server(self._hear, self._store.root.parent / DESK)
        try:
            yield
        finally:
            server.close()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, json.JSONDecodeError):
            word = json.loads(await reader.readline())
            await self._take(word, writer)
        writer.close()

    async def _take(self, word: dict[str, object], writer: asyncio.StreamWriter) -> None:
        step, child, worker = str(word["step"]), int(str(word["child"])), int(str(word["worker"]))
        self.children.add(child)
        unit = self._unit_of(worker)
        if word["what"] == "begin":
            self.runs.append(Run(step, int(str(word["attempt"])), worker, again=bool(word["committed"])))
            await self._watch.pass_by(Moment(Point.BEGIN, unit, child))
        elif word["what"] == "poison":
            os.kill(worker, signal.SIGKILL)
        else:
            self._end(step, worker)
            await self._watch.pass_by(Moment(Point.END, unit, child))
        writer.write(b"\n")
        if word["what"] == "end" and self._watch.awaits(Point.COMMIT):
            await asyncio.to_thread(_until_there, self._store.home(step) / "manifest.json")
            await self._watch.pass_by(Moment(Point.COMMIT, unit, child))

    def _end(self, step: str, worker: int) -> None:
        for run in reversed(self.runs):
            if run.step == step and run.worker == worker:
                run.ended = True
                return


def _until_there(path: Path) -> None:
    """Without a pause: what follows the commit takes less than a millisecond. In vain when nothing is committed."""
    deadline = time.monotonic() + _COMMIT_SECONDS
    while not path.exists() and time.monotonic() < deadline:
        pass
