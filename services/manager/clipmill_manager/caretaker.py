"""The caretaker: restarts units that give no sign of life, and forgives those that have been healthy for long."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from clipmill import messages
from clipmill_manager.bus import BusError
from clipmill_manager.care import should_forgive, should_restart
from clipmill_manager.entities import WorkerThread
from clipmill_manager.unit_state import UnitState

log = logging.getLogger(__name__)

BETWEEN_RESTARTS_MS = 60_000
"""One restart at a time: a manager that is mistaken must not take the fleet down."""


class Hands(Protocol):
    """What can be done to the units of this host."""

    def state(self, unit: str) -> UnitState | None:
        """The unit as systemd last told of it; None for one that is not here."""

    async def restart(self, unit: str) -> None:
        """Have it drained and started again. Raises BusError."""

    async def forgive(self, unit: str) -> None:
        """Let systemd forget its restarts. Raises BusError."""


class Caretaker:
    """Looks at the workers of this host; what it does is told to `note` (action, unit, why or what went wrong)."""

    def __init__(
        self,
        hands: Hands,
        note: Callable[[str, str, str], Awaitable[None]],
        *,
        clock: Callable[[], int] = messages.now,
    ) -> None:
        self._hands = hands
        self._note = note
        self._clock = clock
        self._cared: set[tuple[str, str]] = set()
        self._restarted_at = -BETWEEN_RESTARTS_MS

    async def look(self, workers: list[WorkerThread], *, hears: bool) -> None:
        """Do what is to be done; `hears` tells whether signs of life would be heard at all."""
        for worker in workers:
            unit = self._hands.state(worker.worker_path)
            if unit is not None and unit.active == "active":
                await self._care(worker, unit, hears=hears)

    async def _care(self, worker: WorkerThread, unit: UnitState, *, hears: bool) -> None:
        verdict = should_restart(worker)
        if hears and verdict and verdict.trouble.is_the_managers and self._is_time():
            if await self._once("restart", unit, verdict.text, self._hands.restart):
                self._restarted_at = self._clock()
        elif should_forgive(worker, unit, self._clock()):
            why = f"healthy for ten minutes after {unit.restarts} restarts"
            await self._once("forgive", unit, why, self._hands.forgive)

    def _is_time(self) -> bool:
        return self._clock() - self._restarted_at >= BETWEEN_RESTARTS_MS

    async def _once(self, action: str, unit: UnitState, why: str, act: Callable[[str], Awaitable[None]]) -> bool:
        """Act, once in each life of the unit, whether it is allowed or not; whether anything was asked."""
        deed = (action, f"{unit.name} {unit.invocation}")
        if deed in self._cared:
            return False
        self._cared.add(deed)
        try:
            await act(unit.name)
        except BusError as error:
            log.warning("%s of %s (%s) is not possible: %s", action, unit.name, why, error)
            await self._note(action, unit.name, f"{why}; not possible: {error}")
        else:
            log.warning("%s of %s: %s", action, unit.name, why)
            await self._note(action, unit.name, why)
        return True
