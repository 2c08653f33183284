"""`clipmill doctor`: what is wrong with this machine's fleet, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from clipmill.settings import BadSettings
from clipmill_cli import console, options
from clipmill_cli.doctor import broker, configuration, downloader, person, policies, programs, sandbox, store, units
from clipmill_cli.doctor.finding import Finding, Level, ok, problem, unchecked
from clipmill_cli.doctor.place import Place, settings_in_force
from clipmill_cli.manager import Manager, ManagerDown
from clipmill_cli.output import as_json
from clipmill_cli.trouble import Status, Trouble

_STYLES = {Level.OK: "green", Level.UNCHECKED: "dim", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def doctor(json: options.Json = False, socket: options.Socket = options.MANAGER) -> None:
    """Look at all that the fleet stands on, and say for each problem what to do about it.

    Settings, broker, programs, yt-dlp, store, disk, sandbox, units, manager, and whether you may hand in jobs. Root
    sees more.
    Exits with 1 when there is a problem; a warning is none.

    \b
    Examples:
      clipmill doctor
      sudo clipmill doctor --json
    """
    findings = list(examine(Place(), socket))
    if json:
        typer.echo(as_json({"findings": findings}))
    else:
        console.output().print(table(findings))
    if any(finding.level is Level.PROBLEM for finding in findings):
        raise typer.Exit(Status.FAILED)


def examine(place: Place, socket: Path) -> Iterator[Finding]:
    """Every check in turn."""
    yield from configuration.check(place)
    yield from _with_settings(place)
    yield from programs.check()
    yield from downloader.check()
    yield from sandbox.check()
    yield from units.check(place)
    yield _manager(place, socket)
    yield person.check(place)


def table(findings: list[Finding]) -> Table:
    """For people."""
    rows = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        remedy = f"\n→ {console.plain(finding.remedy)}" if finding.remedy else ""
        rows.add_row(
            Text(finding.level, style=_STYLES[finding.level]), finding.check, console.plain(finding.says) + remedy
        )
    return rows


def _with_settings(place: Place) -> Iterator[Finding]:
    """What can only be looked at where settings tell."""
    try:
        settings = settings_in_force()
    except (BadSettings, OSError):
        yield unchecked("broker, store", "the settings do not tell where they are")
        return
    yield from broker.check(settings, place)
    yield from policies.check(settings, place)
    yield from store.check(settings)


def _manager(place: Place, socket: Path) -> Finding:
    try:
        Manager(socket).ask("fleet")
    except ManagerDown as down:
        says, _, remedy = str(down).partition("; ")
        return (
            problem("manager", says, remedy) if place.has_systemd and place.is_installed else unchecked("manager", says)
        )
    except Trouble as trouble:
        return problem("manager", str(trouble), "sudo journalctl -u manager -n 30")
    return ok("manager", f"it answers at {socket}")
