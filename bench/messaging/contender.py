"""Who takes part: what starts its worker, and which module sends to it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from bench.messaging import peers

_APPS = "bench.messaging.apps"
_DEFAULT: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Contender:
    """One library with one prefetch, one worker, one job at a time."""

    name: str
    app: str
    python: Path
    worker: tuple[str, ...]
    """The arguments of its interpreter that start the worker."""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def sender(self) -> tuple[str, ...]:
        """The arguments of its interpreter that start the sender."""
        return ("-m", "bench.messaging.sender", self.app)


def contenders() -> list[Contender]:
    """clipmill, the floor, and each peer at its default prefetch and at 1."""
    ours = Path(sys.executable)
    one = {"BENCH_PREFETCH": "1"}
    return [
        Contender("pika asyncio p1 (floor)", "pika_app", ours, ("-m", f"{_APPS}.pika_app")),
        Contender("clipmill", "clipmill_app", ours, ("-m", f"{_APPS}.clipmill_app", "1")),
        _celery("celery p4 (default)"),
        _celery("celery p1", one),
        _dramatiq("dramatiq p2 (default)"),
        _dramatiq("dramatiq p1", {"dramatiq_queue_prefetch": "1"}),
        _taskiq("taskiq p10 (default)"),
        _taskiq("taskiq p1", one),
    ]


def _celery(name: str, environment: Mapping[str, str] = _DEFAULT) -> Contender:
    worker = ("-m", "celery", "-A", f"{_APPS}.celery_app", "worker", "--concurrency", "1")
    return Contender(name, "celery_app", peers.python(), worker, environment)


def _dramatiq(name: str, environment: Mapping[str, str] = _DEFAULT) -> Contender:
    worker = ("-m", "dramatiq", "--processes", "1", "--threads", "1", f"{_APPS}.dramatiq_app")
    return Contender(name, "dramatiq_app", peers.python(), worker, environment)


def _taskiq(name: str, environment: Mapping[str, str] = _DEFAULT) -> Contender:
    worker = ("-m", "taskiq", "worker", "--workers", "1", f"{_APPS}.taskiq_app:broker")
    return Contender(name, "taskiq_app", peers.python(), worker, environment)
