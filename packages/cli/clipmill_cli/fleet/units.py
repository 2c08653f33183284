"""The fleet's units, asked and told by systemctl."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path

from clipmill import tools
from clipmill.outcome import ToolError
from clipmill.pipeline import SERVICES
from clipmill_cli.fleet.file import LIMITED

SINGLE = tuple(name for name in LIMITED if name not in SERVICES)
"""Services of one instance."""

STOPPED_BY_HAND = Path("/etc/clipmill/stopped")
"""What /usr/libexec/clipmill/stopped-by-hand remembers: a file a unit."""

_ASKING_SECONDS = 30
_ALIVE = ("active", "activating", "reloading")


def wanted(workers: dict[str, int]) -> list[str]:
    """The units of a fleet with so many workers of each service."""
    instances = [f"{service}@{n}.service" for service, count in workers.items() for n in range(1, count + 1)]
    return [*instances, *(f"{name}.service" for name in SINGLE)]


def alive() -> list[str]:
    """The units of ours that run, start, or wait for their restart. Raises ToolError."""
    patterns = [*(f"{service}@*.service" for service in SERVICES), *(f"{name}.service" for name in SINGLE)]
    listed = _ask("list-units", "--plain", "--no-legend", f"--state={','.join(_ALIVE)}", *patterns)
    return sorted((row.split()[0] for row in listed.splitlines()), key=_place)


def rounds(units: Iterable[str]) -> list[list[str]]:
    """In which order they are restarted: one of each service at a time."""
    by_service: dict[str, list[str]] = {}
    for unit in sorted(units, key=_place):
        by_service.setdefault(_place(unit)[0], []).append(unit)
    return [[unit for unit in column if unit] for column in zip_longest(*by_service.values())]


def tell(verb: str, units: Iterable[str], *, seconds: float) -> None:
    """Have systemd `start`, `stop` or `restart` units, and wait until they have. Raises ToolError."""
    if names := list(units):
        tools.run(["systemctl", verb, *names], timeout=seconds)


def hurry(units: Iterable[str]) -> None:
    """Tell workers that drain to give their steps back now: what a second SIGTERM says to them."""
    for unit in units:
        with contextlib.suppress(ToolError):  # one that has just ended
            _ask("kill", "--kill-whom=main", "--signal=TERM", unit)


def in_state(state: str, units: Iterable[str]) -> list[str]:
    """Those of the units whose ActiveState is `state`. Raises ToolError."""
    names = list(units)
    shown = _ask("show", "--property=ActiveState", "--value", *names).split()
    return [name for name, found in zip(names, shown, strict=True) if found == state]


def reload() -> None:
    """Have systemd read the units again, which runs clipmill-generator. Raises ToolError."""
    _ask("daemon-reload")


def environment(unit: str) -> dict[str, str]:
    """The environment of the unit's process, as it was started; {} when there is none."""
    pid = int(_ask("show", "--property=MainPID", "--value", unit).strip() or 0)
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0") if pid else []
        return dict(field.split("=", 1) for field in fields if "=" in field)
    return {}


def forget_stops(units: Iterable[str]) -> None:
    """They were not stopped by hand, whatever it looked like."""
    for unit in units:
        (STOPPED_BY_HAND / unit).unlink(missing_ok=True)


def _place(unit: str) -> tuple[str, int]:
    name, _, instance = unit.removesuffix(".service").partition("@")
    return name, int(instance) if re.fullmatch(r"\d+", instance) else 0


def _ask(*words: str) -> str:
    return tools.output(["systemctl", *words], timeout=_ASKING_SECONDS)
