"""What one transaction writes into the history: each job's tree is read once, grown, and summed up once at the end."""

from __future__ import annotations

import logging

from sqlalchemy import Connection

from clipmill.events import Error, Event, Heartbeat, Metrics, Progress, Result
from clipmill.job_tree import JobTree
from clipmill.messages import MalformedMessage
from clipmill_manager import job_rows, step_rows
from clipmill_manager.job_rows import Move
from clipmill_manager.reports import moment

log = logging.getLogger(__name__)


class Ledger:
    """Takes events in order; what they mean for the jobs is told by `close`."""

    def __init__(self, connection: Connection, now: int) -> None:
        self._connection = connection
        self._now = now
        self._grown: dict[str, JobTree] = {}
        self._moves: list[Move] = []

    def take(self, event: Event) -> None:
        """Write down what the event says of a step, if it says anything."""
        match event:
            case Result() | Error():
                self._end(event)
            case Progress() | Heartbeat():
                self._begin(event)
            case Metrics():
                pass

    def close(self) -> list[Move]:
        """Sum up the jobs whose trees have grown; how their states changed."""
        return self._moves + [job_rows.sum_up(self._connection, tree, self._now) for tree in self._grown.values()]

    def _begin(self, event: Progress | Heartbeat) -> None:
        sign = step_rows.beginning(event)
        if sign is not None:
            at = moment(event.timestamp, self._now)
            self._moves += job_rows.know(self._connection, sign.job_id, at)
            step_rows.begin(self._connection, sign, at)

    def _end(self, event: Result | Error) -> None:
        tree = self._grown.get(event.job_id) or step_rows.tree_of(self._connection, event.job_id)
        try:
            if not tree.take(event):
                return  # told before
        except MalformedMessage as error:
            log.warning("an event is left out of the history: %s", error)
            return
        self._grown[event.job_id] = tree
        self._write(event, moment(event.timestamp, self._now))

    def _write(self, event: Result | Error, at: int) -> None:
        self._moves += job_rows.know(self._connection, event.job_id, at)
        step_rows.end(self._connection, event, at)
        if isinstance(event, Result):
            step_rows.spawn(self._connection, event, at)
