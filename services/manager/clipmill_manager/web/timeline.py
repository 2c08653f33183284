"""The attempts of a job's steps as bars on one line of time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clipmill_manager.job_view import AttemptView, JobView, StepView

_WIDTH = 300
_THINNEST = 1.5
_MOST_ROWS = 500
"""A page is for reading; `clipmill status JOB --json` has the rest."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """An attempt, or a step that waits for its first; lengths of time in milliseconds, the rest as drawn."""

    name: str
    attempt: int
    state: str
    worker: str | None
    waited: int | None
    worked: int | None
    wait_x: float
    wait_width: float
    work_x: float
    work_width: float


def timeline(view: JobView, now: int) -> list[Row]:
    """A row an attempt, steps in the order in which they follow."""
    end = view.job.ended_at or now
    scale = _Scale(view.job.first_seen, max(end, view.job.first_seen + 1))
    return [_row(step, attempt, scale, now) for step, attempt in _attempts(view.tree)][:_MOST_ROWS]


@dataclass(frozen=True)
class _Scale:
    start: int
    end: int

    def x(self, moment: int) -> float:
        place = (min(max(moment, self.start), self.end) - self.start) / (self.end - self.start)
        return round(place * (_WIDTH - _THINNEST), 1)

    def bar(self, start: int | None, end: int) -> tuple[float, float]:
        if start is None:
            return 0.0, 0.0
        return self.x(start), round(max(self.x(end) - self.x(start), _THINNEST), 1)


def _attempts(steps: Iterable[StepView]) -> Iterator[tuple[StepView, AttemptView | None]]:
    for step in steps:
        if not step.attempts:
            yield step, None
        yield from ((step, attempt) for attempt in step.attempts)
        yield from _attempts(step.steps)


def _row(step: StepView, attempt: AttemptView | None, scale: _Scale, now: int) -> Row:
    begun = attempt.started_at if attempt else None
    over = (attempt.ended_at if attempt else None) or now
    waited_since = step.waiting_since if attempt is None or attempt.attempt == 1 else None
    wait_x, wait_width = scale.bar(waited_since, begun or over)
    work_x, work_width = scale.bar(begun, over)
    return Row(
        name=step.step_id.partition("/")[2],
        attempt=attempt.attempt if attempt else step.attempt,
        state=(attempt.outcome if attempt else None) or step.state,
        worker=attempt.worker_id if attempt else None,
        waited=None if waited_since is None else (begun or over) - waited_since,
        worked=None if begun is None or (attempt and attempt.outcome == "retried") else over - begun,
        wait_x=wait_x,
        wait_width=wait_width,
        work_x=work_x,
        work_width=work_width,
    )
