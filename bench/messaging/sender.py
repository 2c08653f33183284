"""A program that sends jobs by way of one library: `python -m bench.messaging.sender APP send|ping` in its venv.

`send` reads a JSON list of jobs and tells how long their confirmed sending took; `ping COUNT` tells the latencies.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from bench.messaging.job import Job
from bench.messaging.stamps import Stamps


class Sender(Protocol):
    """Sends jobs to a worker's queue."""

    def send(self, jobs: Sequence[Job]) -> None:
        """Returns when the broker has confirmed each."""


def main() -> None:
    """APP VERB [COUNT]."""
    app, verb, *words = sys.argv[1:]
    opened: AbstractContextManager[Sender] = importlib.import_module(f"bench.messaging.apps.{app}").sender()
    with opened as sender:
        answer = send(sender) if verb == "send" else ping(sender, int(words[0]))
    json.dump(answer, sys.stdout)


def send(sender: Sender) -> dict[str, float]:
    """The jobs of standard input; the first one, which opens connections and makes queues, is not timed."""
    first, *others = (Job(**fields) for fields in json.load(sys.stdin))
    sender.send([first])
    start, cpu = time.monotonic(), time.process_time()
    sender.send(others)
    return {"seconds": time.monotonic() - start, "cpu": time.process_time() - cpu, "jobs": len(others)}


def ping(sender: Sender, count: int) -> list[float]:
    """Milliseconds from just before a job is sent until it runs, one job after the other."""
    with tempfile.TemporaryDirectory() as directory, Stamps(Path(directory)) as stamps:
        job, latencies = Job(stamps=stamps.address), []
        for _ in range(count):
            start = time.monotonic()
            sender.send([job])
            latencies.append(1000 * (stamps.next().seconds - start))
        return latencies


if __name__ == "__main__":
    main()
