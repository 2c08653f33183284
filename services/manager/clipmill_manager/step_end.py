"""The end of a step, as figures and alerts count it: each once, however often it is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from clipmill.events import Error, Result
from clipmill.identifiers import split_step_id
from clipmill.pipeline import SERVICES
from clipmill_manager.reports import count
from clipmill_manager.sites import site_of
from clipmill_manager.story import Attempt

OTHER = "other"
"""What names that come over a network share, unless they are known: labels stay bounded."""
CAUSES = (
    "cancelled",
    "corrupt",
    "crash",
    "delivery-limit",
    "disk",
    "gone",
    "killed",
    "malformed",
    "memory",
    "network",
    "settings",
    "stalled",
    "timeout",
    "tool",
    "unexpected",
    "unsupported",
)


@dataclass(frozen=True, kw_only=True)
class StepEnd:
    """A step is over. Times are milliseconds."""

    service: str
    outcome: str
    """`done`, `failed` or `cancelled`."""
    cause: str
    """Empty for a step that is done."""
    site: str | None
    at: int
    waited: int | None
    worked: int | None
    bytes: int
    """Of what it made."""


def step_end(event: Result | Error, attempt: Attempt, at: int) -> StepEnd:
    """The end that `event` tells of, and `attempt` holds."""
    service = split_step_id(event.step_id)[1]
    return StepEnd(
        service=service if service in SERVICES else OTHER,
        outcome=_outcome(event),
        cause=_cause(event),
        site=site_of(event.payload.link),
        at=at,
        waited=_between(attempt.waiting_since, attempt.started_at),
        worked=_between(attempt.started_at, at),
        bytes=sum(count(file.bytes) for file in event.payload.artifacts) if isinstance(event, Result) else 0,
    )


def _outcome(event: Result | Error) -> str:
    if isinstance(event, Result):
        return "done"
    return "cancelled" if event.payload.cancelled else "failed"


def _cause(event: Result | Error) -> str:
    if isinstance(event, Result):
        return ""
    return event.payload.cause if event.payload.cause in CAUSES else OTHER


def _between(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None else max(end - start, 0)
