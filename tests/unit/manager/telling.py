"""The events of a small fleet, as its workers would tell them."""

from typing import Any

from clipmill.events import (
    Error,
    ErrorPayload,
    Heartbeat,
    HeartbeatPayload,
    Metrics,
    Progress,
    ProgressPayload,
    Result,
    ResultPayload,
    WorkerMetrics,
)
from clipmill.messages import Artifact

HOST = "mill"
WORKER = f"{HOST}/download@1"


def heartbeat(at: int, status: str = "idle", *, worker: str = WORKER, pid: int = 100, **more: Any) -> Heartbeat:
    said: dict[str, Any] = {
        "start_time": 1_000,
        "last_activity": at,
        "queue_name": "download_queue",
        "host": HOST,
    } | more
    return Heartbeat(worker_id=worker, timestamp=at, payload=HeartbeatPayload(status=status, pid=pid, **said))


def metrics(at: int, *, worker: str = WORKER, **counted: Any) -> Metrics:
    return Metrics(worker_id=worker, timestamp=at, metrics=WorkerMetrics(**counted))


def progress(at: int, step: str, percent: float = 0, *, worker: str = WORKER, **more: Any) -> Progress:
    about = _about("progress", at, step, worker) | more
    return Progress(**about, payload=ProgressPayload(percent=percent))


def result(at: int, step: str, *spawned: str, files: int = 1, worker: str = WORKER, **more: Any) -> Result:
    artifacts = [
        Artifact(file_path=f"jobs/{step}/{number}.mp4", bytes=1_000, sha256=f"{number:064x}") for number in range(files)
    ]
    payload = ResultPayload(
        results=[artifact.file_path for artifact in artifacts],
        sender="user123",
        noreply=False,
        link="http://host/video.mp4",
        artifacts=artifacts,
        spawned=list(spawned),
    )
    return Result(**_about("result", at, step, worker) | more, payload=payload)


def error(at: int, step: str, reason: str, *, worker: str = WORKER, cancelled: bool = False, **more: Any) -> Error:
    payload = ErrorPayload(
        error=reason, sender="user123", noreply=False, link="http://host/video.mp4", cancelled=cancelled
    )
    return Error(**_about("error", at, step, worker) | more, payload=payload)


def _about(kind: str, at: int, step: str, worker: str) -> dict[str, Any]:
    job_id, service, _ = step.split("/")
    return {
        "id": f"{step}/{kind}",
        "queue_name": f"{service}_queue",
        "worker_id": worker,
        "timestamp": at,
        "job_id": job_id,
        "step_id": step,
    }
