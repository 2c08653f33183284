"""A service as a process: its settings, its log, its signals and its exit status."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from clipmill import log, preflight
from clipmill.critical import CriticalError, Worn, make_room, start_afresh
from clipmill.settings import BAD_SETTINGS, BadSettings, Settings

_log = logging.getLogger(__name__)


class Runnable(Protocol):
    """A worker or an event consumer."""

    def drain(self) -> None:
        """Stop taking, finish what is at hand, and return from `run`; told again, do not finish it."""

    async def run(self) -> None:
        """Until drained."""


def unit_name(service: str) -> str:
    """The instance of this process: `download@1` for `… -m clipmill_download 1`, `notifier` without an argument."""
    return f"{service}@{sys.argv[1]}" if len(sys.argv) > 1 else service


def run(
    unit: str, make: Callable[[Settings], Runnable], *, programs: Iterable[str] = (), writes_store: bool = False
) -> None:
    """Run what `make` gives until it is drained. Exits with 78 when settings or surroundings are wrong."""
    try:
        settings = preflight.check(unit.partition("@")[0], programs=programs, writes_store=writes_store)
        log.setup(settings.log_level, worker=unit)
        asyncio.run(_until_told(lambda: make(settings)))
    except BadSettings as error:
        sys.stderr.write(f"{unit} cannot start:\n{error}\n")
        sys.exit(BAD_SETTINGS)
    except CriticalError as error:
        start_afresh(error)
        sys.exit(1)
    except Worn as worn:
        make_room(worn)


async def _until_told(make: Callable[[], Runnable]) -> None:
    service = make()
    task = asyncio.ensure_future(_guarded(service.run()))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _on_signal, service, name)
    await task


async def _guarded(work: Awaitable[None]) -> None:
    try:
        await work
    except (BadSettings, CriticalError, Worn):
        raise
    except Exception:
        # the one place where a crash of the service itself is told: worker, error, stack and time are in the entry
        _log.critical("crashed", exc_info=True)
        raise


_told: list[signal.Signals] = []


def _on_signal(service: Runnable, name: signal.Signals) -> None:
    """The first signal drains, the second hurries; a third one ends at once: what is not acked comes again."""
    if len(_told) > 1:
        os._exit(128 + name)
    _told.append(name)
    service.drain()
