"""One job as it travels: every message of it, made by the code that makes it in the fleet, at a fixed time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from clipmill import admission, dead_letter, messages
from clipmill.dead_letter import Failure
from clipmill.events import (
    Alert,
    AlertPayload,
    Error,
    Heartbeat,
    HeartbeatPayload,
    MemoryUsage,
    Metrics,
    Progress,
    ProgressPayload,
    Result,
    WorkerMetrics,
    read_event,
)
from clipmill.job_tree import JobTree
from clipmill.messages import Artifact, Step
from clipmill.outcome import Done
from clipmill.pipeline import spawn
from clipmill.removal import Remove
from clipmill.session import Delivery, Publication
from clipmill.settlement import Settlement
from clipmill.worker_status import WorkerStatus
from clipmill_notifier.notice import Notice, notice_id
from clipmill_notifier.render import render

_START = 1_795_000_000_000
_WORKER = "mill-1/{service}@1"

# as a producer of the reference system writes it
SUBMISSION = b'{"link": "https://example.org/watch/42", "from": "user123", "noreply": false}'


def root() -> Step:
    """The message above, admitted."""
    delivery = Delivery(body=SUBMISSION, queue="download_queue", tag=1, message_id="order-42")
    step = admission.admit(messages.read_object(SUBMISSION), delivery, "download")
    return msgspec.structs.replace(step, submitted_at=_START)


def cutter() -> Step:
    """The step that cuts what the root has fetched."""
    return spawn(root(), _artifacts(root(), "1.mp4", title="Big Buck Bunny", seconds=52.5))[0]


def result() -> Result:
    """The root is done."""
    event = _event(_settled(root(), "1.mp4", title="Big Buck Bunny", seconds=52.5), _START + 9_000)
    assert isinstance(event, Result)
    return event


def error() -> Error:
    """The cutter's step is given up."""
    publications = _settlement(cutter()).after_failure(cutter(), _failure(), messages.write_step(cutter()), _START)
    event = _event(publications[0], _START + 12_000)
    assert isinstance(event, Error)
    return event


def dead_letter_of() -> Publication:
    """The cutter's step as it lies on the dead-letter queue and on the parking lot."""
    return dead_letter.write(
        messages.write_step(cutter()), _failure(), queue="cutter_queue_dlq", message_id=cutter().id
    )


def removal() -> Remove:
    """The job has been over for a month."""
    return Remove(job_id=root().job_id, reason="after 30 days", untouched_seconds=2_592_000)


def progress() -> Progress:
    """The root is under way."""
    step = root()
    return Progress(
        id=f"{step.id}/progress/{_START + 4_000}",
        queue_name=step.queue,
        worker_id=_WORKER.format(service=step.service),
        timestamp=_START + 4_000,
        job_id=step.job_id,
        step_id=step.id,
        payload=ProgressPayload(percent=62.5, note="5.2 of 8.3 MB"),
    )


def heartbeat() -> Heartbeat:
    """The downloader lives."""
    payload = HeartbeatPayload(
        status=WorkerStatus.PROCESSING,
        host="mill-1",
        pid=4711,
        queue_name=root().queue,
        start_time=_START - 3_600_000,
        last_activity=_START,
        step_id=root().id,
        note=f"step {root().id}",
    )
    return Heartbeat(worker_id=_WORKER.format(service="download"), timestamp=_START + 5_000, payload=payload)


def metrics() -> Metrics:
    """What the downloader has done."""
    counted = WorkerMetrics(
        jobs_processed=42,
        jobs_successful=40,
        jobs_failed=2,
        average_processing_time=8312.5,
        memory_usage=MemoryUsage(rss=31_000_000, child_rss=64_000_000),
        uptime=3605.0,
        last_activity=_START,
        cpu_seconds=12.25,
    )
    return Metrics(worker_id=_WORKER.format(service="download"), timestamp=_START + 5_000, metrics=counted)


def alert() -> Alert:
    """A site fails more often than not."""
    payload = AlertPayload(
        rule="site-fails",
        subject="video.example.org",
        severity="medium",
        news="firing",
        value=0.75,
        firing_since=_START,
        text="75% of the downloads failed",
    )
    name = f"site-fails/video.example.org/{_START}/firing"
    return Alert(id=name, worker_id="mill/manager", timestamp=_START, payload=payload)


def notice() -> Notice:
    """The job has ended in part: the preview stands, the parts do not."""
    preview = spawn(root(), _artifacts(root(), "1.mp4"))[1]
    tree = JobTree(job_id=root().job_id)
    for event in (result(), error(), _event(_settled(preview, "preview.mp4", seconds=6.0), _START + 13_000)):
        tree.take(event)
    return render(
        tree,
        store=Path("/var/lib/clipmill"),
        notice_id=notice_id(tree.job_id, 1),
        timestamp=_START + 13_100,
    )


def _artifacts(step: Step, name: str, **about: str | float) -> tuple[Artifact, ...]:
    key = f"jobs/{step.job_id}/{step.service}/{step.index}/{name}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    return (Artifact(file_path=key, bytes=8_300_000, sha256=digest, about=about),)


def _settlement(step: Step) -> Settlement:
    return Settlement(worker=_WORKER.format(service=step.service))


def _settled(step: Step, name: str, **about: str | float) -> Publication:
    return _settlement(step).after(step, Done(_artifacts(step, name, **about)))[-1]


def _failure() -> Failure:
    return Failure(reason="the video is damaged: no frame can be decoded", cause="corrupt", permanent=True)


def _event(publication: Publication, timestamp: int) -> Result | Error:
    event = read_event(publication.body)
    assert isinstance(event, Result | Error)
    return msgspec.structs.replace(event, timestamp=timestamp)
