"""The routing slip: how a pipeline is written, and which steps a finished step spawns. Pure."""

from __future__ import annotations

import msgspec

from clipmill.identifiers import LEVELS, index_below, step_id
from clipmill.messages import Artifact, MalformedMessage, Pipeline, Step

SERVICES = ("download", "cutter", "preview")
DEFAULT: Pipeline = (("cutter", "preview"),)


def parse(text: str) -> Pipeline:
    """The tiers in `text`: a comma is "then", a plus "and side by side", so "cutter+preview" is one tier of two.

    A leading "download" is the root step of every job and may be named or left out. Raises ValueError.
    """
    tiers = tuple(tuple(name.strip() for name in tier.split("+")) for tier in text.split(","))
    unknown = sorted({name for tier in tiers for name in tier} - set(SERVICES))
    if unknown:
        raise ValueError(f"no service named {', '.join(map(repr, unknown))}; there are: {', '.join(SERVICES)}")
    return tiers[1:] if tiers[0] == ("download",) else tiers


def check(step: Step) -> None:
    """See to it that every step that may follow `step` can be named and finds its queue. Raises MalformedMessage.

    A worker that has done its work could do nothing any more about a slip that leads nowhere.
    """
    for tier in step.pipeline:
        if unknown := next((name for name in tier if name not in SERVICES), None):
            raise MalformedMessage(f"no service named {unknown!r:.100}; there are: {', '.join(SERVICES)}")
        if len(set(tier)) < len(tier):
            raise MalformedMessage("a service is named twice in one tier of the pipeline")
    above = step.index.count(".") + 1 if step.parent_id else 0
    if above + len(step.pipeline) > LEVELS:
        raise MalformedMessage(f"the pipeline has {len(step.pipeline)} tiers, and a job is at most {LEVELS} deep")


def spawn(step: Step, artifacts: tuple[Artifact, ...]) -> list[Step]:
    """The steps that follow `step`, now that its artifacts stand: every artifact to every service of the first tier."""
    if not step.pipeline:
        return []
    tier, rest = step.pipeline[0], step.pipeline[1:]
    place = step.index if step.parent_id else None
    return [
        _follow(step, artifact, service, index_below(place, position), rest)
        for position, artifact in enumerate(artifacts)
        for service in tier
    ]


def _follow(step: Step, artifact: Artifact, service: str, index: str, rest: Pipeline) -> Step:
    return msgspec.structs.replace(
        step,
        id=step_id(step.job_id, service, index),
        parent_id=step.id,
        file_path=artifact.file_path,
        about=step.about | artifact.about,
        pipeline=rest,
        attempt=1,
        not_before=None,
    )
