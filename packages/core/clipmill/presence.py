"""How a service is, for all who look: systemd's STATUS, the journal, and its heartbeats."""

from __future__ import annotations

import logging

from clipmill.child_wire import Report
from clipmill.messages import Step
from clipmill.session import Session
from clipmill.systemd import Supervisor
from clipmill.throttle import Throttle
from clipmill.vital_signs import VitalSigns
from clipmill.worker_status import WorkerStatus

log = logging.getLogger(__name__)


class Presence:
    """One voice for the worker's states: they are said everywhere in the same words."""

    def __init__(self, signs: VitalSigns, supervisor: Supervisor) -> None:
        self.signs = signs
        self.supervisor = supervisor
        self._session: Session | None = None
        self._throttle = Throttle()

    def attach(self, session: Session) -> None:
        """Progress is told on this session from now on."""
        self._session = session
        self.become(WorkerStatus.RUNNING, "connected")

    def become(self, status: WorkerStatus, note: str) -> None:
        """Change over to `status`; `note` is what `systemctl status` shows."""
        self.signs.become(status, note)
        self.supervisor.status(note)

    def idle(self, note: str) -> None:
        """Able to work and waiting for it."""
        self.become(WorkerStatus.IDLE, note)
        self.supervisor.ready()

    def wait_for(self, what: str) -> None:
        """Alive and unable to work. READY all the same: no start, boot or apt ever blocks on a broker."""
        if what != self.signs.note:
            log.warning("%s", what)
        self.become(WorkerStatus.ERROR, what)
        self.supervisor.ready()

    def working(self, step: Step) -> None:
        """A step is at hand."""
        self.become(WorkerStatus.PROCESSING, _about(step))

    def progress(self, step: Step, report: Report) -> None:
        """How far the step is."""
        self._throttle.do(lambda: self._progress(step, report))

    def ended(self) -> None:
        """The attempt at hand is over: the outcome says more than its last progress would."""
        self._throttle.forget()

    def _progress(self, step: Step, report: Report) -> None:
        self.supervisor.status(f"{_about(step)}, {report.percent:.0f} % {report.note}".rstrip())
        if self._session:
            self._session.post(self.signs.progress(step, report))


def _about(step: Step) -> str:
    return f"job {step.job_id}: {step.service} {step.index}, attempt {step.attempt}"
