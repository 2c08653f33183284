"""What one transaction writes into the history: each job is read once, grown by its events, and written once."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from sqlalchemy import Connection

from clipmill.events import Alert, Error, Event, Heartbeat, Metrics, Progress, Result
from clipmill.messages import MalformedMessage
from clipmill_manager import job_rows
from clipmill_manager.job_rows import Dossier, Move
from clipmill_manager.reports import moment
from clipmill_manager.step_end import StepEnd, step_end
from clipmill_manager.story import Story, beginning

log = logging.getLogger(__name__)


class Ledger:
    """Takes events in order; what they mean for the jobs is written and told by `close`."""

    def __init__(self, connection: Connection, events: Iterable[Event], now: int) -> None:
        self._connection = connection
        self._now = now
        self.ended: list[StepEnd] = []
        """The steps whose end was news."""
        self._dossiers = job_rows.fetch(connection, _jobs_of(events))

    def take(self, event: Event) -> None:
        """Take what the event says of a step, if it says anything."""
        match event:
            case Result() | Error():
                self._end(event)
            case Progress() | Heartbeat():
                self._begin(event)
            case Metrics() | Alert():
                pass

    def close(self) -> list[Move]:
        """Write down the jobs that have changed; how their states did."""
        changed = [dossier for dossier in self._dossiers.values() if dossier.changed]
        return job_rows.write(self._connection, changed, self._now)

    def _begin(self, event: Progress | Heartbeat) -> None:
        sign = beginning(event)
        if sign is not None:
            at = moment(event.timestamp, self._now)
            dossier = self._dossier(sign.job_id, at)
            dossier.story.begin(sign, at)
            dossier.changed = True

    def _end(self, event: Result | Error) -> None:
        at = moment(event.timestamp, self._now)
        dossier = self._dossiers.get(event.job_id) or Dossier(story=Story(event.job_id), first_seen=at)
        try:
            attempt = dossier.story.end(event, at)
        except MalformedMessage as error:
            log.warning("an event is left out of the history: %s", error)
            return
        if attempt is not None:
            self.ended.append(step_end(event, attempt, at))
            self._dossiers[event.job_id] = dossier
            dossier.changed = True

    def _dossier(self, job_id: str, at: int) -> Dossier:
        return self._dossiers.setdefault(job_id, Dossier(story=Story(job_id), first_seen=at))


def _jobs_of(events: Iterable[Event]) -> set[str]:
    """The jobs of which the events tell."""
    named = set()
    for event in events:
        if isinstance(event, Result | Error):
            named.add(event.job_id)
        elif isinstance(event, Progress | Heartbeat) and (sign := beginning(event)):
            named.add(sign.job_id)
    return named
