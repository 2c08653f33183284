"""How far the steps at hand are: progress is kept in memory, since nobody asks for it once the step is over. Pure."""

from __future__ import annotations

from clipmill.events import Alert, Error, Event, Heartbeat, Metrics, Progress, Result

_MOST_STEPS = 4_096


class Ongoing:
    """The newest progress of each open step."""

    def __init__(self) -> None:
        self._progress: dict[str, Progress] = {}

    def hear(self, event: Event) -> None:
        """Take what an event says of a step's progress, or of its end."""
        match event:
            case Progress():
                self._advance(event)
            case Result() | Error():
                self._progress.pop(event.step_id, None)
            case Heartbeat() | Metrics() | Alert():
                pass

    def of(self, job_id: str) -> list[Progress]:
        """The progress of a job's steps."""
        return [progress for progress in self._progress.values() if progress.job_id == job_id]

    def _advance(self, event: Progress) -> None:
        known = self._progress.pop(event.step_id, event)  # taken out and put in again: the least recent come first
        self._progress[event.step_id] = max(known, event, key=lambda progress: progress.timestamp)
        if len(self._progress) > _MOST_STEPS:
            del self._progress[next(iter(self._progress))]
