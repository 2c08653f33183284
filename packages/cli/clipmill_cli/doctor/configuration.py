"""Whether clipmill.env can be read, and whether everything in it means something."""

from __future__ import annotations

import stat
import urllib.parse
from collections.abc import Iterator

from clipmill.settings import BadSettings
from clipmill_cli.doctor.finding import Finding, ok, problem, unchecked, warning
from clipmill_cli.doctor.place import Place, settings_in_force
from clipmill_cli.fleet.file import SettingsFile

CHECK = "settings"


def check(place: Place) -> Iterator[Finding]:
    """Findings on the file, then on what holds in the end, with the environment over it."""
    try:
        file = SettingsFile.read(place.env_file)
    except PermissionError as error:
        yield problem(CHECK, f"{error.filename} cannot be read", f"sudo chmod a+r {error.filename}")
        return
    mistakes = [*_in_file(file), *_in_force(file)]
    yield from mistakes
    if not place.env_file.exists():
        yield unchecked(CHECK, f"there is no {place.env_file}; the defaults hold")
    elif not mistakes:
        yield ok(CHECK, f"{place.env_file} is understood")


def _in_file(file: SettingsFile) -> Iterator[Finding]:
    for mistake in file.mistakes():
        yield problem(CHECK, mistake, "correct that, then: sudo clipmill apply")
    if urllib.parse.urlsplit(file.values.get("BROKER_URL", "")).password and file.path.stat().st_mode & stat.S_IROTH:
        advice = "take it out of BROKER_URL and write it into credentials/amqp-password beside this file"
        yield warning(CHECK, f"everybody can read the broker's password in {file.path}", advice)


def _in_force(file: SettingsFile) -> Iterator[Finding]:
    """What the environment makes wrong over the file."""
    try:
        settings_in_force()
    except BadSettings as error:
        told = "\n".join(file.mistakes())
        for mistake in error.mistakes:
            if mistake not in told:
                yield problem(CHECK, mistake, "correct that in the environment of this command")
    except PermissionError as error:
        yield problem(CHECK, f"{error.filename} cannot be read", f"sudo chmod a+r {error.filename}")
