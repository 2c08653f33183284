"""The tree of a job, grown from the events of its steps in whatever order they come: what is open, and how it ended."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable, Iterator

import msgspec

from clipmill import identifiers
from clipmill.events import Error, ErrorPayload, Progress, Result, ResultPayload, StepEvent
from clipmill.messages import Artifact, MalformedMessage
from clipmill.pipeline import SERVICES


class Ending(enum.StrEnum):
    """How a job ended."""

    SUCCEEDED = "succeeded"
    PARTLY = "partly"
    """Some of what was asked for is there, some step was given up."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Somebody no longer wanted it; what was finished before that is there."""


class Failure(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A step that was given up, and why."""

    step_id: str
    reason: str
    cause: str = "unexpected"
    cancelled: bool = False


class JobTree(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """What is known of a job: the event that ended each of its steps; everything else follows from those.

    Nothing is counted: each step is there once, by its id, so a repeated event changes nothing. A root has no parent;
    a result names the steps that it spawned, and each event names its parent, so a child may be heard of before either.
    """

    job_id: str
    ended: dict[str, Result | Error] = {}
    under_way: dict[str, Progress] = {}
    """How far the open steps are, for display; whoever keeps the tree without it loses nothing else."""

    def take(self, event: StepEvent) -> bool:
        """Grow by `event`; whether it told anything new. Raises MalformedMessage when it is no event of this job."""
        self._check(event)
        if isinstance(event, Progress):
            return self._advance(event)
        known = self.ended.get(event.step_id)
        if known is not None and _weight(event) <= _weight(known):
            return False
        self.ended[event.step_id] = event
        self.under_way.pop(event.step_id, None)
        return True

    @property
    def is_over(self) -> bool:
        """Whether a root has ended and no step that anything was heard of is open."""
        return any(end.parent_id is None for end in self.ended.values()) and not self._open()

    @property
    def ending(self) -> Ending | None:
        """How the job ended; None while it is open."""
        if not self.is_over:
            return None
        failures = self.failures
        if not failures:
            return Ending.SUCCEEDED
        if any(failure.cancelled for failure in failures):
            return Ending.CANCELLED
        return Ending.PARTLY if any(not _is_source(end) for end in self._results()) else Ending.FAILED

    @property
    def open_steps(self) -> list[str]:
        """The steps that were heard of and have not ended, in order."""
        return sorted(self._open(), key=_place)

    @property
    def failures(self) -> list[Failure]:
        """The steps that were given up, in order."""
        return [
            Failure(
                step_id=end.step_id, reason=end.payload.error, cause=end.payload.cause, cancelled=end.payload.cancelled
            )
            for end in self._in_order()
            if isinstance(end, Error)
        ]

    @property
    def results(self) -> dict[str, list[Artifact]]:
        """Every artifact by the service that made it: services as the work flows, artifacts as they were cut."""
        return _by_service(self._results())

    @property
    def files(self) -> dict[str, list[Artifact]]:
        """What the sender is to have: the results without a source that was only fetched to be worked on."""
        return _by_service(end for end in self._results() if not _is_source(end))

    @property
    def sources(self) -> list[Artifact]:
        """What was fetched to be worked on."""
        return [artifact for end in self._results() if _is_source(end) for artifact in end.payload.artifacts]

    @property
    def percent(self) -> float:
        """How much is done, 0 to 100. A root counts for half, since what follows is not known before it ends."""
        events = [*self.ended.values(), *self.under_way.values()]
        roots = {event.step_id for event in events if event.parent_id is None}
        below = (self.ended.keys() | self._open()) - roots
        if self.is_over:
            return 100.0
        return 50 + self._mean(below) / 2 if below else self._mean(roots) / 2

    @property
    def sender(self) -> str | None:
        """Who asked for the job, as soon as a step has ended."""
        return asked.sender if (asked := self._asked()) else None

    @property
    def noreply(self) -> bool:
        """Whether the sender wants files named, but not attached."""
        return asked.noreply if (asked := self._asked()) else False

    @property
    def link(self) -> str | None:
        """The link that the job began with."""
        return asked.link if (asked := self._asked()) else None

    @property
    def file_path(self) -> str | None:
        """The file that the job began with, where it was no link."""
        return asked.file_path if (asked := self._asked()) else None

    @property
    def reply_to(self) -> str | None:
        """The queue that is to be told how the job ended."""
        return asked.reply_to if (asked := self._asked()) else None

    def _check(self, event: StepEvent) -> None:
        spawned = event.payload.spawned if isinstance(event, Result) else []
        parents = [] if event.parent_id is None else [event.parent_id]
        for name in (event.step_id, *parents, *spawned):
            if _job_of(name) != self.job_id:
                raise MalformedMessage(f"event {event.id!r} names the step {name!r}, which is none of {self.job_id!r}")

    def _advance(self, event: Progress) -> bool:
        known = self.under_way.get(event.step_id)
        if event.step_id in self.ended or (known is not None and known.timestamp >= event.timestamp):
            return False
        self.under_way[event.step_id] = event
        return True

    def _open(self) -> set[str]:
        named = {*self.under_way}
        for event in (*self.ended.values(), *self.under_way.values()):
            if event.parent_id is not None:
                named.add(event.parent_id)
            if isinstance(event, Result):
                named.update(event.payload.spawned)
        return named - self.ended.keys()

    def _in_order(self) -> list[Result | Error]:
        return sorted(self.ended.values(), key=lambda end: _place(end.step_id))

    def _results(self) -> Iterator[Result]:
        return (end for end in self._in_order() if isinstance(end, Result))

    def _asked(self) -> ResultPayload | ErrorPayload | None:
        """The payload that says best what was asked for: the root's, or that of the step nearest to it."""
        ends = sorted(self._in_order(), key=lambda end: end.parent_id is not None)
        return ends[0].payload if ends else None

    def _mean(self, steps: set[str]) -> float:
        shares = [100.0 if step in self.ended else self._percent_of(step) for step in steps]
        return sum(shares) / len(shares) if shares else 0.0

    def _percent_of(self, step: str) -> float:
        progress = self.under_way.get(step)
        return progress.payload.percent if progress else 0.0


def _weight(end: Result | Error) -> tuple[bool, int, int, str]:
    """Of two ends of one step the heavier holds: success before failure (the artifacts stand), then the later."""
    return isinstance(end, Result), end.timestamp, end.attempt, end.id


@functools.lru_cache(maxsize=256)  # whoever renders a tree asks for its order again and again
def _place(step_id: str) -> tuple[int, str, tuple[int, ...]]:
    """Where a step stands among the others: by service as the work flows, then by index as a number."""
    _, service, index = identifiers.split_step_id(step_id)
    rank = SERVICES.index(service) if service in SERVICES else len(SERVICES)
    return rank, service, tuple(map(int, index.split(".")))


def _by_service(ends: Iterable[Result]) -> dict[str, list[Artifact]]:
    made: dict[str, list[Artifact]] = {}
    for end in ends:
        if end.payload.artifacts:
            service = identifiers.split_step_id(end.step_id)[1]
            made.setdefault(service, []).extend(end.payload.artifacts)
    return made


def _is_source(end: Result) -> bool:
    return end.parent_id is None and bool(end.payload.spawned)


def _job_of(step_id: str) -> str | None:
    try:
        return identifiers.split_step_id(step_id)[0]
    except ValueError:
        return None
