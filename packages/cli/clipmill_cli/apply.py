"""`clipmill apply`: makes the running fleet equal to clipmill.env."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from clipmill.outcome import ToolError
from clipmill.settings import ENV_FILE
from clipmill_cli.fleet import rolling, units
from clipmill_cli.fleet.file import SettingsFile, fleet_keys, known_keys
from clipmill_cli.trouble import Status, Trouble

_STOP_SECONDS = 3600
_START_SECONDS = 120

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def apply(dry_run: DryRun = False) -> None:
    """Make the running fleet equal to /etc/clipmill/clipmill.env, in both directions.

    A mistake is named with file and line, and then nothing is changed at all. Otherwise missing workers are started,
    surplus ones finish their step and stop, limits change while the workers run, and workers whose other settings have
    changed are restarted, one of each service at a time.

    \b
    Examples:
      sudo clipmill apply --dry-run
      sudo clipmill apply
    """
    file = read(ENV_FILE)
    _need_root()
    if not dry_run:
        keep(file)
    for line in _equal(file, dry_run=dry_run):
        typer.echo(line)


def restart() -> None:
    """Restart what runs, one unit of each service at a time; steps at hand are finished or given back.

    Each is waited for until it consumes again. The whole fleet takes five minutes at most. An upgrade does this.
    """
    _need_root()
    for line in _told(rolling.restart(units.alive())):
        typer.echo(line)


def read(path: Path) -> SettingsFile:
    """The settings, understood as a whole. Raises Trouble with all mistakes."""
    file = SettingsFile.read(path)
    if mistakes := file.mistakes():
        told = "\n".join(f"  {mistake}" for mistake in mistakes)
        raise Trouble(f"the settings cannot be used, and the fleet stays as it is:\n{told}", Status.BAD_SETTINGS)
    return file


def keep(file: SettingsFile) -> None:
    """The last good copy, which clipmill-generator takes a value from when the one in the file is wrong."""
    good = file.path.with_name(f"{file.path.name}.good")
    beside = good.with_name(f"{good.name}.new")
    beside.write_text(file.text)
    beside.chmod(0o644)
    beside.replace(good)


def outdated(running: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether a process was started with other settings than the file holds; the generator's keys are not for it."""
    keys = known_keys() - set(fleet_keys()) - {"STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY"}
    return any(running.get(key) != wanted.get(key) for key in keys)


def _equal(file: SettingsFile, *, dry_run: bool) -> Iterator[str]:
    """What is missing first, what is too many last."""
    wanted, alive = units.wanted(file.workers()), units.alive()
    missing = [unit for unit in wanted if unit not in alive]
    surplus = [unit for unit in alive if unit not in wanted]
    changed = [u for u in alive if u in wanted and (env := units.environment(u)) and outdated(env, file.values)]
    if not dry_run:
        yield from _told(_carry_out(missing, surplus, changed))
    for what, names in (("started", missing), ("stopped", surplus), ("restarted", changed)):
        if names:
            yield f"{'to be ' if dry_run else ''}{what}: {' '.join(name.removesuffix('.service') for name in names)}"
    if not (missing or surplus or changed):
        yield f"the fleet is as {file.path} says: {len(wanted)} units"


def _carry_out(missing: list[str], surplus: list[str], changed: list[str]) -> Iterator[str]:
    units.reload()  # new limits reach what runs already
    units.tell("start", ["clipmill.target", *missing], seconds=_START_SECONDS)
    yield from rolling.restart(changed)
    units.tell("stop", surplus, seconds=_STOP_SECONDS)
    units.forget_stops(surplus)


def _told(lines: Iterator[str]) -> Iterator[str]:
    try:
        yield from lines
    except ToolError as error:
        raise Trouble(f"{error}; see `systemctl --failed` and `clipmill doctor`") from None


def _need_root() -> None:
    if os.geteuid():
        raise Trouble("only root changes what runs: sudo clipmill apply (or restart)")
