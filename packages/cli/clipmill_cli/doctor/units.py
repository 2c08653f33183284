"""How systemd finds our units: which do not run, and what those that run wait for."""

from __future__ import annotations

from collections.abc import Iterator

from clipmill import tools
from clipmill.outcome import ToolError
from clipmill_cli.doctor.finding import Finding, ok, problem, unchecked, warning
from clipmill_cli.doctor.place import Place
from clipmill_cli.fleet.file import SettingsFile
from clipmill_cli.fleet.units import wanted

CHECK = "units"

TARGET, BROKER_SETUP = "clipmill.target", "clipmill-broker.service"

_ASKED = ("Id", "LoadState", "ActiveState", "SubState", "Result", "ExecMainStatus", "NRestarts", "StatusText")
_SECONDS = 20
_WELL = ("idle", "job ", "connected")
"""How the STATUS= of a service begins that is not in want of anything."""

_START = "sudo systemctl start clipmill.target"

Unit = dict[str, str]
"""Properties as systemctl shows them."""


def check(place: Place) -> Iterator[Finding]:
    """Findings on the target and on each unit that it should have."""
    if not place.has_systemd:
        yield unchecked(CHECK, "systemd does not run here")
        return
    try:
        yield from judge(_show([TARGET, BROKER_SETUP, *wanted(SettingsFile.read(place.env_file).workers())]))
    except ToolError as error:
        yield unchecked(CHECK, f"systemd does not answer: {error}")


def judge(units: list[Unit]) -> Iterator[Finding]:
    """Findings on what systemd says. The target comes first."""
    target, setup, *services = units
    if target["LoadState"] != "loaded":
        yield unchecked(CHECK, "our units are not installed here")
        return
    if setup.get("Result", "success") != "success":
        yield problem(CHECK, f"{BROKER_SETUP} failed: {setup['Result']}", f"sudo journalctl -u {BROKER_SETUP} -n 20")
    if target["ActiveState"] != "active" and not any(unit["ActiveState"] == "active" for unit in services):
        yield problem(CHECK, "the fleet is stopped", _START)
        return
    yield from _services(services)


def _services(services: list[Unit]) -> Iterator[Finding]:
    troubles = {_name(unit): _trouble(unit) for unit in services}
    if well := [name for name, trouble in troubles.items() if trouble is None]:
        yield ok(CHECK, f"active: {', '.join(well)}")
    yield from filter(None, troubles.values())


def _trouble(unit: Unit) -> Finding | None:
    """What is the matter with a unit that should run."""
    name, journal = _name(unit), f"sudo journalctl -u {_name(unit)} -n 30"
    match unit:
        case {"ExecMainStatus": "78", "ActiveState": "failed" | "activating"}:
            return problem(CHECK, f"{name} refuses its settings or surroundings (exit 78)", journal)
        case {"ActiveState": "failed"}:
            return problem(CHECK, f"{name} failed: {unit['Result']}", journal)
        case {"ActiveState": "activating", "SubState": sub, "NRestarts": count} if (
            "auto-restart" in sub or count != "0"
        ):
            return problem(CHECK, f"{name} ends as soon as it is started, {count} times so far", journal)
        case {"ActiveState": "active", "StatusText": text} if text and not text.startswith(_WELL):
            return warning(CHECK, f"{name}: {text}", "it goes on by itself when that is mended")
        case {"ActiveState": "active" | "reloading"}:
            return None
        case {"ActiveState": "activating", "StatusText": text}:
            return warning(CHECK, f"{name} is starting{text and ': '}{text}", "look again in a moment")
        case _:
            return problem(CHECK, f"{name} is {unit['ActiveState']}", f"sudo systemctl daemon-reload && {_START}")


def _show(names: list[str]) -> list[Unit]:
    """The properties of each unit, in this order; of one that does not exist too. Raises ToolError."""
    shown = tools.output(["systemctl", "show", f"--property={','.join(_ASKED)}", *names], timeout=_SECONDS)
    blocks = shown.split("\n\n")
    return [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]


def _name(unit: Unit) -> str:
    return unit["Id"].removesuffix(".service")
