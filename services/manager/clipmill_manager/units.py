"""Our units as systemd sees them: read once, then followed by its signals; without a system bus, nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from clipmill.pipeline import SERVICES
from clipmill_manager.bus import (
    MANAGER,
    PROPERTIES,
    ROOT,
    SERVICE,
    SYSTEM,
    UNIT,
    Bus,
    BusError,
    CallRefused,
    open_bus,
    plain,
)
from clipmill_manager.unit_properties import state_of
from clipmill_manager.unit_state import UnitState

log = logging.getLogger(__name__)

PATTERNS = (*(f"{service}@*.service" for service in SERVICES), "notifier.service", "manager.service")

_SAMPLED = ("MemoryCurrent", "CPUUsageNSec")  # systemd sends no signal when these change
_SAMPLE_SECONDS = 10


@dataclass
class _Unit:
    name: str
    path: str
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> UnitState:
        return state_of(self.name, self.properties)


class Units:
    """Tells `observe` of every state that our units go through, and `vanish` of units that are no more."""

    def __init__(
        self,
        observe: Callable[[UnitState], None],
        vanish: Callable[[str], None],
        *,
        address: str = SYSTEM,
        retry: float = 30,
    ) -> None:
        self._observe = observe
        self._vanish = vanish
        self._address = address
        self._retry = retry
        self._units: dict[str, _Unit] = {}
        self._bus: Bus | None = None
        self.watched = False
        """Whether there is a systemd that is listened to."""

    async def watch(self) -> None:
        """Until cancelled. Where there is no systemd that is said once, and looked for again."""
        said = False
        while True:
            try:
                async with open_bus(self._address) as bus:
                    self._bus = bus
                    await self._follow(bus)
            except BusError as error:
                if self.watched or not said:
                    log.info("systemd is not listened to, so crashes and memory are not known: %s", error)
                said, self.watched, self._bus = True, False, None
            await asyncio.sleep(self._retry)

    def state(self, name: str) -> UnitState | None:
        """The unit as last told of."""
        return next((unit.state for unit in self._units.values() if unit.name == name), None)

    async def restart(self, name: str) -> None:
        """Have systemd stop the unit, as patiently as it does, and start it again. Raises BusError."""
        await self._ask("RestartUnit", "ss", name, "replace")

    async def forgive(self, name: str) -> None:
        """Have systemd forget the unit's restarts: the next crash waits as long as the first. Raises BusError."""
        await self._ask("ResetFailedUnit", "s", name)

    async def _ask(self, member: str, signature: str, *body: object) -> None:
        if self._bus is None:
            raise BusError("systemd is not listened to")
        await self._bus.call(member, signature, *body)

    async def _follow(self, bus: Bus) -> None:
        self._units = {}
        await bus.want(interface=MANAGER, member="UnitNew", path=ROOT)
        await bus.call("Subscribe")
        await self._discover(bus)
        self.watched = True
        clock = asyncio.get_running_loop().time
        due = clock() + _SAMPLE_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(due):
                    await self._take(bus, *await bus.signal())
            except TimeoutError:
                await self._sample(bus)
                due = clock() + _SAMPLE_SECONDS

    async def _take(self, bus: Bus, path: str, member: str, body: tuple[Any, ...]) -> None:
        """A signal. systemd sends a service's own properties first, the unit's after them: then the state is whole."""
        if member == "UnitNew":
            await self._adopt(bus, *body)
        elif member == "PropertiesChanged" and (unit := self._units.get(path)):
            interface, changed, _ = body
            unit.properties |= plain(changed)
            if interface == UNIT:
                self._observe(unit.state)

    async def _discover(self, bus: Bus) -> None:
        """Every unit of ours that is loaded; whichever was seen before and has changed unheard is read again."""
        (listed,) = await bus.call("ListUnitsByPatterns", "asas", [], list(PATTERNS))
        present = {path: (name, active, sub) for name, _, load, active, sub, _, path, *_ in listed if load == "loaded"}
        for path in self._units.keys() - present.keys():
            self._vanish(self._units.pop(path).name)
        for path, (name, active, sub) in present.items():
            known = self._units.get(path)
            if known is None:
                await self._adopt(bus, name, path)
            elif (known.state.active, known.state.sub) != (active, sub):
                await self._read(bus, known)

    async def _adopt(self, bus: Bus, name: str, path: str) -> None:
        if path not in self._units and any(fnmatch(name, pattern) for pattern in PATTERNS):
            unit = self._units[path] = _Unit(name, path)
            await bus.want(interface=PROPERTIES, member="PropertiesChanged", path=path)
            await self._read(bus, unit)

    async def _read(self, bus: Bus, unit: _Unit) -> None:
        try:
            unit.properties |= await bus.properties(unit.path, SERVICE)
            unit.properties |= await bus.properties(unit.path, UNIT)
        except CallRefused:
            return  # unloaded meanwhile
        self._observe(unit.state)

    async def _sample(self, bus: Bus) -> None:
        await self._discover(bus)
        for unit in self._units.values():
            if unit.state.pid:
                for name in _SAMPLED:
                    unit.properties[name] = await bus.property(unit.path, SERVICE, name)
                self._observe(unit.state)
