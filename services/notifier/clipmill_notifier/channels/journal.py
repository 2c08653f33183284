"""The journal: every notice is a line of the log, so that a person finds it without setting anything up."""

from __future__ import annotations

import logging

from clipmill.events import Alert
from clipmill.session import Session
from clipmill.settings import Settings
from clipmill_notifier.notice import Told

log = logging.getLogger(__name__)

_FILES_NAMED = 20


class Journal:
    """Writes a notice to the log."""

    name = "journal"
    at_once = 64
    patience: int | None = None

    def wants(self, notice: Told) -> bool:
        """Every notice."""
        return True

    async def deliver(self, notice: Told, session: Session) -> None:
        """One line: job, sender, ending, files or reasons; or what the manager finds."""
        log.info("%s", line(notice))


def channel(settings: Settings) -> Journal:
    """The journal needs no setting."""
    return Journal()


def line(notice: Told) -> str:
    """The notice or alert as one line."""
    if isinstance(notice, Alert):
        about = notice.payload
        said = f"alert {about.rule} ({about.severity}) {about.news}: {about.subject}: {about.text}"
        return " ".join(said.split())
    told = notice.payload
    parts = [f"job {notice.job_id} {told.ending}: {told.title}", f"for {told.sender or 'nobody in particular'}"]
    if told.files:
        paths = [file.path for file in told.files[:_FILES_NAMED]]
        more = len(told.files) - len(paths)
        parts.append("files: " + " ".join(paths) + (f" and {more} more" if more else ""))
    if told.failures:
        reasons = dict.fromkeys(failure.reason for failure in told.failures)
        parts.append("because: " + "; ".join(reasons))
    return " ".join("; ".join(parts).split())
