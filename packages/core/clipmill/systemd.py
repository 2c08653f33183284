"""What a service says to systemd: READY, STATUS, WATCHDOG, STOPPING (sd_notify(3)). Silent where nobody listens."""

from __future__ import annotations

import logging

import sdnotify

from clipmill.pulse import pulse
from clipmill.settings import started_by_systemd, watchdog_seconds
from clipmill.throttle import Throttle

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 15


class Supervisor:
    """The one that started this process."""

    def __init__(self) -> None:
        # without NOTIFY_SOCKET the library would leave a socket open
        self._notifier = sdnotify.SystemdNotifier() if started_by_systemd() else None
        self._ready = False
        self._status = ""
        self._throttle = Throttle()

    def ready(self) -> None:
        """READY=1, once."""
        if not self._ready:
            self._ready = True
            self._say("READY=1")

    def status(self, text: str) -> None:
        """What `systemctl status` shows."""
        if text != self._status:
            self._status = text
            self._throttle.do(lambda: self._say(f"STATUS={self._status}"))

    @property
    def listens(self) -> bool:
        """Whether there is one."""
        return self._notifier is not None

    def stopping(self, seconds: float = 0) -> None:
        """STOPPING=1: asked to end, and about it, for so long; systemd is patient (EXTEND_TIMEOUT_USEC) and 15 s more.

        So DRAIN_TIMEOUT holds from the next start on, whatever TimeoutStopSec= the unit was loaded with.
        """
        self._say(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={int((seconds + _PATIENCE_SECONDS) * 1e6)}")

    async def keep_watchdog(self) -> None:
        """WATCHDOG=1 at half of WatchdogSec=, from the loop that does the work: if that hangs, the pings stop."""
        interval = watchdog_seconds()
        while interval:
            self._say("WATCHDOG=1")
            await pulse(interval / 2)

    def _say(self, what: str) -> None:
        if self._notifier:
            self._notifier.notify(what)
