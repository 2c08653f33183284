"""The vigil of somebody who also gets the notifier's message: it lasts until each job's has come."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from clipmill import messages
from clipmill.messages import MalformedMessage
from clipmill_cli.vigil import Show, Vigil
from clipmill_notifier.notice import Notice, read_notice


class Correspondence(Vigil):
    """The queue is also the reply queue of its jobs."""

    def __init__(self, job_ids: Iterable[str], show: Show) -> None:
        super().__init__(job_ids, show)
        self.notices: dict[str, Notice] = {}

    @property
    def is_over(self) -> bool:
        """Whether every job is over, and its message has come."""
        return super().is_over and self.notices.keys() == self.trees.keys()

    def take(self, body: bytes) -> None:
        """Keep a notice; take anything else as an event."""
        if not _is_notice(body):
            super().take(body)
            return
        notice = read_notice(body)
        if isinstance(notice, Notice) and notice.job_id in self.trees:
            self.notices[notice.job_id] = notice


def _is_notice(body: bytes) -> bool:
    with contextlib.suppress(MalformedMessage):
        return messages.read_object(body).get("type") == "notice"
    return False
