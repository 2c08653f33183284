"""clipmill.env as a person wrote it: line by line, so that each mistake is named with file and line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipmill import settings
from clipmill.pipeline import SERVICES
from clipmill.settings import BadSettings

MOST_WORKERS = 100
"""Of one service on one machine; clipmill-generator has the same limit."""

DEFAULT_WORKERS = {"download": 2, "cutter": 1, "preview": 1}
POLICIES = ("always", "on-failure", "unless-stopped")
LIMITED = (*SERVICES, "notifier", "manager")
"""The services whose units have limits and a restart policy."""

_LEAST_MEMORY = 96 << 20
"""A worker and its child, waiting, hold 70 MiB together."""

Check = Callable[[str], object]


@dataclass(frozen=True)
class Line:
    """One KEY=VALUE of the file."""

    number: int
    key: str
    value: str


@dataclass(frozen=True)
class SettingsFile:
    """A clipmill.env."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> SettingsFile:
        """Of a file that need not exist. Raises OSError."""
        return cls(path, path.read_bytes().decode(errors="replace") if path.exists() else "")

    @property
    def lines(self) -> dict[str, Line]:
        """The lines that count: of several with the same key the last, as for systemd."""
        return {line.key: line for line in self._lines()}

    @property
    def values(self) -> dict[str, str]:
        """What the services will find in their environment."""
        return {key: line.value for key, line in self.lines.items()}

    def workers(self) -> dict[str, int]:
        """How many workers of each service it asks for; where it makes no sense, the default."""
        asked = {service: self.values.get(f"{service.upper()}_WORKERS", "") for service in SERVICES}
        return {
            name: int(text) if text.isdigit() and int(text) <= MOST_WORKERS else DEFAULT_WORKERS[name]
            for name, text in asked.items()
        }

    def mistakes(self) -> list[str]:
        """Everything that is wrong with it, each as FILE:LINE: what."""
        found = {*self._no_settings(), *self._unknown(), *self._wrong_numbers(), *self._refused()}
        return [f"{self.path}:{number}: {text}" for number, text in sorted(found)]

    def _rows(self) -> Iterator[tuple[int, str]]:
        for number, row in enumerate(re.split(r"\r\n|\n|\r", self.text), start=1):
            if (text := row.strip()) and not text.startswith(("#", ";")):
                yield number, text

    def _lines(self) -> Iterator[Line]:
        for number, text in self._rows():
            key, sign, value = text.partition("=")
            if sign:
                yield Line(number, key.strip(), _unquoted(value.strip()))

    def _no_settings(self) -> Iterator[tuple[int, str]]:
        for number, text in self._rows():
            if not re.match(r"[A-Za-z_][A-Za-z0-9_]*\s*=", text):
                yield number, f"{text!r} is no KEY=VALUE"
            elif text.endswith("\\"):
                yield number, "a setting ends with its line; take the \\ away"

    def _unknown(self) -> Iterator[tuple[int, str]]:
        known = known_keys()
        for line in self.lines.values():
            if line.key not in known:
                like = difflib.get_close_matches(line.key, known, n=1)
                yield (
                    line.number,
                    f"nothing reads {line.key}; " + (f"is {like[0]} meant?" if like else "remove the line"),
                )

    def _wrong_numbers(self) -> Iterator[tuple[int, str]]:
        """What clipmill-generator reads."""
        checks = fleet_keys()
        for line in self.lines.values():
            if line.key in checks and line.value:
                try:
                    checks[line.key](line.value)
                except ValueError as error:
                    yield line.number, f"{line.key}={line.value}: {error}"

    def _refused(self) -> Iterator[tuple[int, str]]:
        """What the services themselves would refuse."""
        lines = self.lines
        for service in ("", *SERVICES):
            try:
                settings.load(self.values, service=service)
            except BadSettings as error:
                for mistake in error.mistakes:
                    key = mistake.partition("=")[0]
                    if key in lines:
                        yield lines[key].number, mistake


def fleet_keys() -> dict[str, Check]:
    """The keys that clipmill-generator reads, each with the check that raises ValueError."""
    keys: dict[str, Check] = {f"{service.upper()}_WORKERS": _count for service in SERVICES}
    for service in LIMITED:
        name = service.upper()
        keys |= {f"{name}_MEMORY": _memory, f"{name}_CPU": _cpu, f"{name}_RESTART": _policy}
    return keys


def known_keys() -> set[str]:
    """Every key that the services or the generator look for: asked of the reader itself, which has the only list."""
    asked = _Asked()
    for service in ("", *SERVICES):
        settings.load(asked, service=service)
    return asked.keys_asked_for | set(fleet_keys())


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _count(text: str) -> None:
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or int(text) > MOST_WORKERS:
        raise ValueError(f"is no number of workers; write one from 0 to {MOST_WORKERS}")


def _memory(text: str) -> None:
    if settings.parse_size(text) < _LEAST_MEMORY:
        raise ValueError(f"is too little to run in; {_LEAST_MEMORY >> 20}M is the least")


def _cpu(text: str) -> None:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,2})?", text, re.ASCII) or float(text) == 0:
        raise ValueError("is no number of CPUs; write 0.5, 1 or 1.25")


def _policy(text: str) -> None:
    if text not in POLICIES:
        raise ValueError(f"is no restart policy; there are: {', '.join(POLICIES)}")


class _Asked(dict[str, str]):
    """No settings at all; remembers which were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_asked_for: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_asked_for.add(key)
        return default
