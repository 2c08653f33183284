"""One contender on a vhost and in a directory of its own: its sender and its worker are started here."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.messaging.contender import Contender
from bench.messaging.job import Job
from bench.messaging.stamps import Stamps
from bench.place import ROOT, scratch
from bench.service_manager import ServiceManager
from bench.vhost import vhost
from tests.rig.broker import Broker

_GOODBYE_SECONDS = 30


@dataclass(frozen=True)
class Stage:
    """What a scenario plays on."""

    contender: Contender
    stamps: Stamps
    directory: Path
    environment: dict[str, str]

    def send(self, jobs: Sequence[Job]) -> dict[str, float]:
        """Send them by way of the contender's library, confirmed; seconds, CPU seconds and number."""
        answer: dict[str, float] = self._sender(["send"], json.dumps([job.fields for job in jobs]))
        return answer

    def ping(self, count: int) -> list[float]:
        """Latencies in milliseconds."""
        answer: list[float] = self._sender(["ping", str(count)])
        return answer

    @contextlib.contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A worker during the block."""
        process = self.start()
        try:
            yield process
        finally:
            end(process)

    def start(self) -> subprocess.Popen[bytes]:
        """A worker that the caller ends. What it says goes to a file, as it would go to the journal."""
        with (self.directory / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [self.contender.python, *self.contender.worker],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _sender(self, words: Sequence[str], text: str = "") -> Any:
        done = subprocess.run(
            [self.contender.python, *self.contender.sender, *words],
            cwd=ROOT,
            env=self.environment,
            input=text,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)


@contextlib.contextmanager
def stage(contender: Contender, broker: Broker) -> Iterator[Stage]:
    """A stage that nobody has played on."""
    directory = scratch()
    with vhost(broker) as url, Stamps(directory) as stamps, ServiceManager(directory) as manager:
        yield Stage(contender, stamps, directory, _environment(contender, url, directory) | manager.environment)


def _environment(contender: Contender, url: str, directory: Path) -> dict[str, str]:
    """One set of variables for all; each reads its own."""
    ours = {"BROKER_URL": url, "STORE": str(directory / "store"), "STATE_DIRECTORY": str(directory / "state")}
    theirs = {"BENCH_BROKER": url, "PYTHONPATH": str(ROOT)}
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | ours | theirs | dict(contender.environment)


def end(process: subprocess.Popen[bytes]) -> None:
    """Drain it, as `systemctl stop` would; kill what is left. (clipmill's child, a group of its own, dies with it.)"""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GOODBYE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def supervised(stage: Stage) -> Iterator[Supervised]:
    """A worker that is started again whenever it ends, as systemd does by default."""
    supervisor = Supervised(stage)
    try:
        yield supervisor
    finally:
        end(supervisor.process)


class Supervised:
    """The worker at hand, and how often it had to be started."""

    PAUSE = 0.1
    """Seconds: systemd's default RestartSec=."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.process = stage.start()
        self.starts = 1

    def look(self) -> None:
        """Start it again if it has ended."""
        if self.process.poll() is not None:
            time.sleep(self.PAUSE)
            self.process = self._stage.start()
            self.starts += 1
