"""A rule: what is measured, and from when on that is an alert; the file of rules, read with all its mistakes. Pure."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from clipmill.settings import BadSettings
from clipmill_manager.alerts.measures import MEASURES

SEVERITIES = ("high", "medium", "low")
FILE = Path("/etc/clipmill/alerts.toml")

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_REMIND = "4h"


class Rule(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Times are milliseconds."""

    name: str
    measure: str
    above: float
    recover: float
    hold: int = 0
    """How long it must be above."""
    least: int = 1
    """The smallest sample on which a share counts."""
    severity: str
    remind: int
    """How often it is told again while it lasts; 0: never."""


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    measure: str
    above: float
    recover: float | None = None
    hold: str = msgspec.field(name="for", default="0s")
    least: int = 1
    severity: str
    remind: str = _REMIND


def load(file: Path = FILE) -> list[Rule]:
    """The rules of this machine, or the ones that clipmill comes with. Raises BadSettings with all mistakes."""
    if file.exists():
        return read(file.read_text(errors="replace"), str(file))
    return read((resources.files(__package__) / "rules.toml").read_text(), "rules.toml")


def read(text: str, name: str) -> list[Rule]:
    """The rules in `text`. Raises BadSettings with all mistakes, each with the rule it is in."""
    try:
        lines = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSettings([f"{name}: {error}"]) from None
    given, mistakes, rules = lines.pop("rule", []), [], dict[str, Rule]()
    mistakes += [f"{name}: {key}: no such thing; rules begin with [[rule]]" for key in lines]
    for number, line in enumerate(given if isinstance(given, list) else [given], 1):
        try:
            rule = _rule(line)
            if rules.setdefault(rule.name, rule) is not rule:
                raise ValueError("another rule has this name")
        except (ValueError, msgspec.ValidationError) as error:
            mistakes.append(f"{name}: rule {number} ({_called(line)}): {error}")
    if mistakes:
        raise BadSettings(mistakes)
    return list(rules.values())


def _rule(given: Any) -> Rule:
    line = msgspec.convert(given, _Line)
    recover = line.above if line.recover is None else line.recover
    if not _NAME.fullmatch(line.name):
        raise ValueError("name must be small letters, digits and hyphens")
    if line.measure not in MEASURES:
        raise ValueError(f"no measure {line.measure!r}; there are: {', '.join(MEASURES)}")
    if line.severity not in SEVERITIES:
        raise ValueError(f"severity must be one of {', '.join(SEVERITIES)}")
    if recover > line.above:
        raise ValueError("recover must not lie above `above`")
    return Rule(
        name=line.name,
        measure=line.measure,
        above=line.above,
        recover=recover,
        hold=milliseconds(line.hold),
        least=line.least,
        severity=line.severity,
        remind=milliseconds(line.remind),
    )


def milliseconds(text: str) -> int:
    """A length of time such as 90s, 5m, 2h, 1d. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,6})\s*([smhd])", text.strip(), re.ASCII)
    if match is None:
        raise ValueError(f"{text!r} is no length of time; write 90s, 5m, 2h or 1d")
    return int(match[1]) * _UNITS[match[2]]


def _called(line: Any) -> str:
    return str(line.get("name", "without a name"))[:64] if isinstance(line, dict) else "no table"
