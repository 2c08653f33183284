"""A job as the manager shows it: its line, and its tree of steps with their attempts, timings and files. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec

from clipmill.events import Error, Progress, Result
from clipmill.job_tree import Failure, JobTree
from clipmill.messages import Artifact, MalformedMessage
from clipmill_manager.story import Attempt, Story, grow

_DEEPEST = 32


class JobLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A job in one line. Times are milliseconds since the epoch."""

    job_id: str
    state: str
    """`open`, or how it ended: `succeeded`, `partly`, `failed`, `cancelled`."""
    sender: str | None = msgspec.field(name="from")
    link: str | None
    file_path: str | None
    site: str | None = None
    """The host of its link."""
    service: str | None = None
    """Where it stands, or where it failed."""
    noreply: bool
    reason: str | None
    """Why the first of its steps that failed was given up."""
    first_seen: int
    updated_at: int
    ended_at: int | None
    steps: int
    open_steps: int
    files: int
    bytes: int


class AttemptView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One run of a handler for a step."""

    attempt: int
    worker_id: str | None
    started_at: int | None
    ended_at: int | None
    outcome: str | None
    """`done`, `failed`, `cancelled`, `retried`; None while it goes on."""


class StepView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One service's work on one file, and below it what follows from it."""

    step_id: str
    service: str
    state: str
    """`waiting`, `processing`, `done`, `failed`, `cancelled`."""
    attempt: int
    worker_id: str | None
    waiting_since: int | None
    started_at: int | None
    ended_at: int | None
    waiting_ms: int | None
    working_ms: int | None
    percent: float | None
    note: str
    reason: str | None
    cause: str | None
    files: list[Artifact]
    attempts: list[AttemptView]
    steps: list[StepView]


class JobView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A job with everything that is known of it."""

    job: JobLine
    percent: float
    failures: list[Failure]
    files: dict[str, list[Artifact]]
    """What the sender is to have, by the service that made it."""
    sources: list[Artifact]
    tree: list[StepView]
    """The root step, and nested in it what followed."""


def view(line: JobLine, story: Story, progress: Sequence[Progress]) -> JobView:
    """The job, from its line and its story, and from what is heard of it just now."""
    attempts = story.attempts()
    tree = grow(line.job_id, attempts)
    for event in progress:
        _advance(tree, event)
    by_step = {f"{line.job_id}/{step}": list(group) for step, group in groupby(attempts, key=lambda one: one.step)}
    return JobView(
        job=line,
        percent=round(tree.percent, 1),
        failures=tree.failures,
        files=tree.files,
        sources=tree.sources,
        tree=_Forest(tree, by_step).below(None),
    )


class _Forest:
    """The steps of a job, to be hung one below the other."""

    def __init__(self, tree: JobTree, by_step: Mapping[str, Sequence[Attempt]]) -> None:
        self._tree = tree
        self._by_step = by_step
        self._children: dict[str | None, list[str]] = {}
        for name, attempts in by_step.items():
            parent = next((attempt.parent_id for attempt in attempts if attempt.parent_id), None)
            self._children.setdefault(parent if parent in by_step else None, []).append(name)

    def below(self, parent: str | None, depth: int = 0) -> list[StepView]:
        """The steps that follow `parent`, or the roots; no deeper than a pipeline can be, whatever events say."""
        names = sorted(self._children.get(parent, []), key=_place) if depth < _DEEPEST else []
        return [self._step(name, depth) for name in names]

    def _step(self, name: str, depth: int) -> StepView:
        attempts = self._by_step[name]
        newest, end, progress = attempts[-1], self._tree.ended.get(name), self._tree.under_way.get(name)
        waiting_since = attempts[0].waiting_since
        return StepView(
            step_id=name,
            service=name.split("/")[1],
            state=_outcome(end) or ("processing" if newest.started_at else "waiting"),
            attempt=newest.number,
            worker_id=newest.worker_id,
            waiting_since=waiting_since,
            started_at=newest.started_at,
            ended_at=newest.ended_at,
            waiting_ms=_between(waiting_since, attempts[0].started_at),
            working_ms=_between(newest.started_at, newest.ended_at),
            percent=progress.payload.percent if progress else None,
            note=progress.payload.note if progress else "",
            reason=end.payload.error if isinstance(end, Error) else None,
            cause=end.payload.cause if isinstance(end, Error) else None,
            files=end.payload.artifacts if isinstance(end, Result) else [],
            attempts=[_attempt(one, is_newest=one is newest) for one in attempts if one.started_at or one.end],
            steps=self.below(name, depth + 1),
        )


def _attempt(attempt: Attempt, *, is_newest: bool) -> AttemptView:
    return AttemptView(
        attempt=attempt.number,
        worker_id=attempt.worker_id,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        # nothing is published when an attempt is to be retried: the next one tells that it was
        outcome=_outcome(attempt.end) or (None if is_newest else "retried"),
    )


def _outcome(end: Result | Error | None) -> str | None:
    match end:
        case None:
            return None
        case Result():
            return "done"
        case Error():
            return "cancelled" if end.payload.cancelled else "failed"


def _between(start: int | None, end: int | None) -> int | None:
    return max(end - start, 0) if start is not None and end is not None else None


def _place(name: str) -> tuple[str, tuple[int, ...]]:
    """By service, then by index as a number: part 10 comes after part 9."""
    _, service, index = name.split("/")
    return service, tuple(map(int, index.split(".")))


def _advance(tree: JobTree, event: Progress) -> None:
    try:
        tree.take(event)
    except MalformedMessage:
        return  # it names another job's steps: no progress of this one
