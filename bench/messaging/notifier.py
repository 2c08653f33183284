"""The real notifier: results a second from its queue into its SQLite file, a notice written and delivered for each."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.messaging.apps.clipmill_app import SERVICE, WINDOW, open_session
from bench.messaging.figures import Figures
from bench.messaging.stage import end
from bench.place import ROOT, scratch
from bench.service_manager import ServiceManager
from bench.vhost import vhost
from clipmill import identifiers
from clipmill.messages import Step
from clipmill.outcome import Done
from clipmill.session import Publication
from clipmill.settlement import Settlement
from tests.rig.broker import Broker
from tests.rig.deadline import until

_LOOK_SECONDS = 0.05


def measure(broker: Broker, results: int) -> Figures:
    """One round: each result ends a job."""
    directory = scratch()
    with vhost(broker) as url, ServiceManager(directory) as manager:
        environment = {"PATH": os.environ["PATH"], "BROKER_URL": url, "STORE": str(directory)}
        asyncio.run(_publish(environment, results))
        with _notifier(environment | {"STATE_DIRECTORY": str(directory)} | manager.environment, directory):
            return {"results": _rate(directory / "notifier.db", results)}


async def _publish(environment: Mapping[str, str], count: int) -> None:
    session = await open_session(environment)
    waiting = (_result() for _ in range(count))
    while window := list(itertools.islice(waiting, WINDOW)):
        await session.publish(*window)
    await session.close()


def _result() -> Publication:
    job_id = identifiers.new_job_id()
    step = Step(job_id=job_id, id=identifiers.step_id(job_id, SERVICE), sender="user123", link="http://localhost/v.mp4")
    return Settlement(worker="host/bench@1").after(step, Done())[0]


@contextlib.contextmanager
def _notifier(environment: dict[str, str], directory: Path) -> Iterator[None]:
    with (directory / "notifier.log").open("wb") as log:
        command = [sys.executable, "-P", "-m", "clipmill_notifier"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        end(process)


def _rate(path: Path, results: int) -> float:
    """From the first batch that is seen in the file to the last result."""
    until(lambda: path.exists() and _kept(path), what="the first result", every=_LOOK_SECONDS)
    kept, start = _kept(path), time.monotonic()
    until(lambda: _kept(path) == results, what="the last result", seconds=300, every=_LOOK_SECONDS)
    return (results - kept) / (time.monotonic() - start)


def _kept(path: Path) -> int:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
            return int(database.execute("SELECT count(*) FROM steps").fetchone()[0])
    except sqlite3.OperationalError:  # the schema is being made
        return 0
