"""A job as the fleet tells of it: its events are those that a worker's own settlement publishes."""

from __future__ import annotations

import msgspec

from clipmill import identifiers, messages, pipeline
from clipmill.dead_letter import Failure
from clipmill.events import Error, Result, read_event
from clipmill.job_tree import JobTree
from clipmill.messages import Artifact, Step
from clipmill.outcome import Cancelled, Done
from clipmill.session import Publication
from clipmill.settlement import Settlement

LINK = "https://example.org/v/1"

_settlement = Settlement(worker="host/download@1")


def root(job_id: str, **given: object) -> Step:
    """The root step of a job, admitted."""
    asked = {"jobId": job_id, "stepId": identifiers.step_id(job_id, "download"), "link": LINK, "from": "user123"}
    return messages.read_step(asked | {"pipeline": pipeline.DEFAULT} | given)


def artifacts(step: Step, count: int = 1, **about: str | float) -> tuple[Artifact, ...]:
    """What the step makes."""
    home = f"jobs/{step.job_id}/{step.service}/{step.index}"
    return tuple(
        Artifact(file_path=f"{home}/{number}.mp4", bytes=1_500_000, sha256="0" * 64, about=about)
        for number in range(count)
    )


def spawned(step: Step, count: int = 1) -> list[Step]:
    """The steps that follow when the step makes that many files."""
    return pipeline.spawn(step, artifacts(step, count))


def done(step: Step, count: int = 1, **about: str | float) -> Publication:
    """The event that the step made that many files."""
    return _settlement.after(step, Done(artifacts(step, count, **about)))[-1]


def cancelled(step: Step) -> Publication:
    """The event that the step is no longer wanted."""
    return _settlement.after(step, Cancelled())[-1]


def given_up(step: Step, reason: str = "the video is private") -> Publication:
    """The event that the step was parked."""
    failure = Failure(reason=reason, cause="private", permanent=True)
    return _settlement.after_failure(step, failure, messages.write_step(step), messages.now())[0]


def event_of(publication: Publication) -> Result | Error:
    """The event, read."""
    event = read_event(publication.body)
    assert isinstance(event, Result | Error)
    return event


def later(publication: Publication, milliseconds: int) -> Publication:
    """The same event, told later by the clock."""
    event = event_of(publication)
    told = msgspec.structs.replace(event, timestamp=event.timestamp + milliseconds)
    return Publication(
        exchange=publication.exchange,
        routing_key=publication.routing_key,
        body=msgspec.json.encode(told),
        message_id=event.id,
    )


def tree(*told: Publication) -> JobTree:
    """The tree that these events grow."""
    events = [event_of(publication) for publication in told]
    grown = JobTree(job_id=events[0].job_id)
    for event in events:
        grown.take(event)
    return grown


def whole(job_id: str, parts: int = 3, **given: object) -> list[Publication]:
    """Every event of a job that goes well: a download, parts, a preview."""
    first = root(job_id, **given)
    cutter, preview = spawned(first)
    return [done(first, title="Big Buck Bunny"), done(cutter, parts, seconds=30.0), done(preview)]
