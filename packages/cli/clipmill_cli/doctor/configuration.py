"""Whether clipmill.env can be read, and whether everything in it means something."""

from __future__ import annotations

import difflib
import stat
import urllib.parse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from clipmill import settings
from clipmill.pipeline import SERVICES
from clipmill.settings import BadSettings
from clipmill_cli.doctor.finding import Finding, ok, problem, unchecked, warning
from clipmill_cli.doctor.place import Place, settings_in_force

CHECK = "settings"

COUNTS = tuple(f"{service.upper()}_WORKERS" for service in SERVICES)
"""What clipmill-generator reads; the services do not."""


def check(place: Place) -> Iterator[Finding]:
    """Findings on the file, then on what holds in the end, with the environment over it."""
    try:
        mistakes = [*_mistakes(place.env_file), *_in_file(place.env_file)]
    except PermissionError as error:
        yield problem(CHECK, f"{error.filename} cannot be read", f"sudo chmod a+r {error.filename}")
        return
    yield from mistakes
    if not place.env_file.exists():
        yield unchecked(CHECK, f"there is no {place.env_file}; the defaults hold")
    elif not mistakes:
        yield ok(CHECK, f"{place.env_file} is understood")


def workers(env_file: Path) -> dict[str, int]:
    """For each service how many workers the generator makes, its defaults included."""
    fields = settings.read_env_file(env_file)
    counts = {service: fields.get(key, "") for service, key in zip(SERVICES, COUNTS, strict=True)}
    default = {"download": 2}
    return {service: int(text) if text.isdigit() else default.get(service, 1) for service, text in counts.items()}


def known_keys() -> set[str]:
    """Every key that the services or the generator look for: asked of the reader itself, which has the only list."""
    asked = _Asked()
    for service in ("", *SERVICES):
        settings.load(asked, service=service)
    return asked.keys_asked_for | set(COUNTS)


def _in_file(env_file: Path) -> Iterator[Finding]:
    fields = settings.read_env_file(env_file)
    for key in fields.keys() - known_keys():
        yield _unknown(key)
    for key in COUNTS:
        if not fields.get(key, "0").isdigit():
            yield warning(CHECK, f"{key}={fields[key]} is no number, so the default holds", f"write {key}=2, or less")
    if urllib.parse.urlsplit(fields.get("BROKER_URL", "")).password and env_file.stat().st_mode & stat.S_IROTH:
        advice = "take it out of BROKER_URL and write it into credentials/amqp-password beside this file"
        yield warning(CHECK, f"everybody can read the broker's password in {env_file}", advice)


def _mistakes(env_file: Path) -> Iterator[Finding]:
    """Every mistake once: those of the file for each service, and those of the environment over it."""
    fields = settings.read_env_file(env_file)
    reads: list[Callable[[], object]] = [partial(settings.load, fields, service=name) for name in ("", *SERVICES)]
    found = dict.fromkeys(mistake for read in [*reads, settings_in_force] for mistake in _mistakes_of(read))
    for mistake in found:
        yield problem(CHECK, mistake, f"no service starts before that is corrected in {env_file}")


def _mistakes_of(read: Callable[[], object]) -> tuple[str, ...]:
    try:
        read()
    except BadSettings as error:
        return error.mistakes
    return ()


def _unknown(key: str) -> Finding:
    like = difflib.get_close_matches(key, known_keys(), n=1)
    return warning(CHECK, f"nothing reads {key}", f"is {like[0]} meant?" if like else "remove the line")


class _Asked(dict[str, str]):
    """No settings at all; remembers which were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_asked_for: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_asked_for.add(key)
        return default
