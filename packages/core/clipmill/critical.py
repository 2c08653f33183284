"""Critical errors: what only a fresh process mends. It is there at once, under the same PID (RN-WM001: 0 seconds)."""

from __future__ import annotations

import logging
import os
import sys
import time

from clipmill.settings import environment_of_fresh_process, fresh_starts

log = logging.getLogger(__name__)

IN_A_ROW = 3
WITHIN_SECONDS = 60
"""Three fresh starts within a minute did not help: then it is a crash, and systemd's growing delay is the brake."""


class CriticalError(Exception):
    """This process cannot go on, and a fresh one could."""


class Worn(Exception):
    """This process has finished what was at hand, and makes room for a fresh one."""


def start_afresh(error: CriticalError) -> None:
    """Replace this process by a fresh one of itself; returns only when that has been done too often of late.

    execve(2) and not an exit: systemd has no directive that starts a unit again without a delay for one class of exits
    (docs/facts.md, systemd 1). It does not know of this either: the unit stays active.
    """
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    recent = [start for start in fresh_starts() if now - start < WITHIN_SECONDS]
    if len(recent) >= IN_A_ROW:
        log.critical("critical: %s; %d fresh starts within a minute did not help", error, len(recent))
        return
    log.critical("critical: %s; starting afresh", error)
    _become_fresh([*recent, now])


def make_room(worn: Worn) -> None:
    """Replace this process by a fresh one of itself: an exit with 0 would end a unit with Restart=on-failure."""
    log.warning("starting afresh: %s", worn)
    _become_fresh(fresh_starts())


def _become_fresh(starts: list[float]) -> None:
    logging.shutdown()
    os.execve(sys.executable, sys.orig_argv, environment_of_fresh_process(starts))
