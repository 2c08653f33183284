"""One service, started as its unit starts it: Debian's interpreter, and a PYTHONPATH instead of a venv."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.footprint import memory
from bench.messaging.stage import end
from bench.place import ROOT, scratch
from bench.service_manager import ServiceManager

PYTHON = "/usr/bin/python3"
SERVICES = ("notifier", "manager", "download", "cutter", "preview")

_CALM_SECONDS = 2


@dataclass(frozen=True)
class Footprint:
    """What one start needed."""

    cpu: float
    """Seconds from exec to READY=1, the child's included."""
    wall: float
    alone: float
    """MiB."""
    pss: float
    processes: str


def measure(service: str, url: str) -> Footprint:
    """Start it, wait until it is ready and calm, and look."""
    directory = scratch()
    with ServiceManager(directory) as manager:
        start = time.monotonic()
        with started(service, environment(directory, url) | manager.environment) as pid:
            manager.wait_until_ready()
            cpu, wall = processes.cpu_seconds(pid), time.monotonic() - start
            time.sleep(_CALM_SECONDS)  # what it does after READY is over then
            return Footprint(cpu, wall, memory.alone_mib(pid), processes.pss_mib(pid), processes.count(pid))


def environment(directory: Path, url: str) -> dict[str, str]:
    """What the unit would give it."""
    settings = {"BROKER_URL": url, "STORE": str(directory), "STATE_DIRECTORY": str(directory / "state")}
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(_modules())} | settings


def _modules() -> list[str]:
    """Where our code lies, and what it depends on: in the package all of that is one directory."""
    ours = [str(path) for path in sorted(ROOT.glob("packages/*")) + sorted(ROOT.glob("services/*"))]
    return [*ours, sysconfig.get_path("purelib")]


@contextlib.contextmanager
def started(service: str, environment: dict[str, str]) -> Iterator[int]:
    """The pid of the service, which runs for the length of the block."""
    command = [PYTHON, "-P", "-m", f"clipmill_{service}", *(["1"] if service in SERVICES[2:] else [])]
    log = Path(environment["STORE"]) / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        yield process.pid
    finally:
        end(process)
