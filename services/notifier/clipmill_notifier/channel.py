"""What the notifier asks of a way to reach a receiver; each is a module of `channels`, all alike."""

from __future__ import annotations

from typing import Protocol

from clipmill.session import Session
from clipmill_notifier.notice import Told


class Channel(Protocol):
    """One way to reach a receiver."""

    name: str
    at_once: int
    """How many notices are delivered before that is recorded: as many as a kill in between may repeat."""
    patience: int | None
    """After how many failed tries it is given up; None: never."""

    def wants(self, notice: Told) -> bool:
        """Whether the notice goes this way."""

    async def deliver(self, notice: Told, session: Session) -> None:
        """Returns when the receiver has it. Raises ToolError, permanent or not, when it has not."""
