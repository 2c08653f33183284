"""Tells what comes alone at once, and of what comes in quick succession the last: nobody reads a thousand a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_SECONDS = 0.1


class Throttle:
    """Does things at least 0.1 s apart; what is given meanwhile takes the place of what waits."""

    def __init__(self) -> None:
        self._waiting: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def do(self, what: Callable[[], None]) -> None:
        """Do `what` now, or a moment later."""
        if self._timer:
            self._waiting = what
        else:
            self._do(what)

    def forget(self) -> None:
        """What waits is not true any more."""
        self._waiting = None

    def _do(self, what: Callable[[], None]) -> None:
        what()
        self._timer = asyncio.get_running_loop().call_later(_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        if self._waiting:
            what, self._waiting = self._waiting, None
            self._do(what)
