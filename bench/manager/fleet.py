"""A fleet that exists in its messages alone: jobs of three steps as real workers tell of them, and signs of life."""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Iterator
from typing import Any

from clipmill.events import (
    Error,
    ErrorPayload,
    Event,
    Heartbeat,
    HeartbeatPayload,
    MemoryUsage,
    Metrics,
    Progress,
    ProgressPayload,
    Result,
    ResultPayload,
    WorkerMetrics,
)
from clipmill.messages import Artifact

_SITES = ("video.example.org", "clips.example.net", "tube.example.com", "media.example.edu", "social.example.io")
_REASONS = ("HTTP Error 404: Not Found", "HTTP Error 403: Forbidden", "no video stream", "the download stalled")
_PARTS = 3
_MIB = 1 << 20
_FAILED, _FAILED_PREVIEW = 0.03, 0.02


class Fleet:
    """Draws from a seed: the same seed is the same fleet."""

    def __init__(self, *, workers: int = 200, senders: int = 5_000, seed: int = 1) -> None:
        self._dice = random.Random(seed)
        self._senders = senders
        self._hosts = [f"mill{number}" for number in range(max(workers // 20, 1))]
        self._workers = workers

    def job(self, at: int) -> list[Event]:
        """What is told of one job that begins at that time: its beginnings and its ends, in order."""
        job_id = uuid.UUID(int=self._dice.getrandbits(128), version=4).hex
        asked = {
            "link": f"https://{self._dice.choice(_SITES)}/watch/{self._dice.getrandbits(48):012x}",
            "sender": f"+55119{self._dice.randrange(self._senders):08d}",
            "noreply": False,
        }
        if self._dice.random() < _FAILED:
            return self._failed_step(job_id, "download", at, asked)
        return self._steps(job_id, at, asked)

    def signs(self, at: int) -> Iterator[Event]:
        """One round of all workers' heartbeats and metrics."""
        for number in range(self._workers):
            name = self._worker("download", number)
            yield Heartbeat(worker_id=name, timestamp=at, payload=_alive(name, at))
            yield Metrics(worker_id=name, timestamp=at, metrics=_counted(number, at))

    def _steps(self, job_id: str, at: int, asked: dict[str, Any]) -> list[Event]:
        seconds = self._dice.randrange(20, 80)
        root = f"{job_id}/download/0"
        about: dict[str, str | int | float] = {
            "title": f"Clip {self._dice.getrandbits(32)} of a summer's day",
            "seconds": float(seconds),
            "width": 1280,
            "height": 720,
        }
        source = self._artifact(f"jobs/{root}/source.mp4", about)
        spawned = [f"{job_id}/{service}/0" for service in ("cutter", "preview")]
        told = self._step(root, None, at, asked | {"artifacts": [source], "spawned": spawned})
        told += self._step(spawned[0], root, at + 9_000, asked | {"artifacts": self._parts(job_id, about, seconds)})
        if self._dice.random() < _FAILED_PREVIEW:
            return told + self._failed_step(job_id, "preview", at + 9_500, asked, parent_id=root)
        shown = {"title": about["title"], "kind": "preview", "seconds": 9.0, "width": 640, "height": 360}
        preview = self._artifact(f"jobs/{job_id}/preview/0/preview.mp4", shown)
        return told + self._step(spawned[1], root, at + 9_500, asked | {"artifacts": [preview]})

    def _parts(self, job_id: str, about: dict[str, str | int | float], seconds: int) -> list[Artifact]:
        each = {"title": about["title"], "width": 1280, "height": 720}
        places = range(min(_PARTS, -(-seconds // 30)))
        return [self._artifact(f"jobs/{job_id}/cutter/0/{n + 1:04d}.mp4", each | {"start": 30.0 * n}) for n in places]

    def _step(self, step_id: str, parent_id: str | None, at: int, made: dict[str, Any]) -> list[Event]:
        about, progress = self._about(step_id, parent_id, at), ProgressPayload(percent=0.0)
        ended = at + self._dice.randrange(500, 8_000)
        artifacts = made["artifacts"]
        assert isinstance(artifacts, list)
        payload = ResultPayload(results=[one.file_path for one in artifacts], **made)
        return [
            Progress(**about | {"id": f"{step_id}/progress/{at}"}, payload=progress),
            Result(**about | {"id": f"{step_id}/result", "timestamp": ended}, payload=payload),
        ]

    def _failed_step(
        self, job_id: str, service: str, at: int, asked: dict[str, Any], parent_id: str | None = None
    ) -> list[Event]:
        step_id = f"{job_id}/{service}/0"
        about = self._about(step_id, parent_id, at)
        payload = ErrorPayload(error=self._dice.choice(_REASONS), cause="unavailable", **asked)
        return [
            Progress(**about | {"id": f"{step_id}/progress/{at}"}, payload=ProgressPayload(percent=0.0)),
            Error(**about | {"id": f"{step_id}/error", "timestamp": at + 3_000}, payload=payload),
        ]

    def _about(self, step_id: str, parent_id: str | None, at: int) -> dict[str, Any]:
        job_id, service, _ = step_id.split("/")
        return {
            "queue_name": f"{service}_queue",
            "worker_id": self._worker(service, self._dice.randrange(self._workers)),
            "timestamp": at,
            "job_id": job_id,
            "step_id": step_id,
            "parent_id": parent_id,
        }

    def _worker(self, service: str, number: int) -> str:
        return f"{self._hosts[number % len(self._hosts)]}/{service}@{number // len(self._hosts) + 1}"

    def _artifact(self, key: str, about: dict[str, str | int | float]) -> Artifact:
        digest = hashlib.sha256(self._dice.randbytes(8)).hexdigest()
        return Artifact(file_path=key, bytes=self._dice.randrange(_MIB, 40 * _MIB), sha256=digest, about=about)


def _alive(name: str, at: int) -> HeartbeatPayload:
    return HeartbeatPayload(
        status="idle",
        host=name.partition("/")[0],
        pid=4_000,
        queue_name="download_queue",
        start_time=1_700_000_000_000,
        last_activity=at,
        note="idle: waiting for a step",
    )


def _counted(number: int, at: int) -> WorkerMetrics:
    return WorkerMetrics(
        jobs_processed=number,
        jobs_successful=number,
        average_processing_time=900.0,
        memory_usage=MemoryUsage(rss=40 * _MIB),
        uptime=60.0,
        last_activity=at,
    )
