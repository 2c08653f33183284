"""What somebody asks of the history, read from the address of a request. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from clipmill.pipeline import SERVICES
from clipmill_manager.job_search import STATES, Cursor, Search
from clipmill_manager.story import LONGEST_NAME

T = TypeVar("T")

_LONGEST_MOMENT = 15  # digits: until the year 33658
_CURSOR = re.compile(r"(\d{1,15})\.(\d{1,15})", re.ASCII)


class BadQuery(Exception):
    """A filter that cannot be: the text says which, and what could be."""


def search(given: Mapping[str, str]) -> Search:
    """Which jobs are wanted. Raises BadQuery."""
    return Search(
        state=_read(given, "state", _one_of(STATES)),
        sender=_read(given, "sender", _text),
        site=_read(given, "site", _text),
        service=_read(given, "service", _one_of(SERVICES)),
        reason=_read(given, "reason", _text),
        since=_read(given, "since", _moment),
        until=_read(given, "until", _moment),
        after=_read(given, "after", _cursor),
    )


def limit(given: Mapping[str, str], *, most: int, usual: int) -> int:
    """How many are wanted. Raises BadQuery."""
    text = given.get("limit") or str(usual)
    if not (_is_number(text, len(str(most))) and 1 <= int(text) <= most):
        raise BadQuery(f"limit must be a number from 1 to {most}")
    return int(text)


def _read(given: Mapping[str, str], name: str, convert: Callable[[str, str], T]) -> T | None:
    text = given.get(name, "").strip()
    return convert(name, text) if text else None


def _one_of(known: tuple[str, ...]) -> Callable[[str, str], str]:
    def convert(name: str, text: str) -> str:
        if text not in known:
            raise BadQuery(f"no such {name}; there are: {', '.join(known)}")
        return text

    return convert


def _text(name: str, text: str) -> str:
    if len(text) > LONGEST_NAME or "\0" in text:
        raise BadQuery(f"{name} must be a text of {LONGEST_NAME} characters at most")
    return text


def _moment(name: str, text: str) -> int:
    if not _is_number(text, _LONGEST_MOMENT):
        raise BadQuery(f"{name} must be milliseconds since the epoch")
    return int(text)


def _cursor(name: str, text: str) -> Cursor:
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise BadQuery(f"{name} must be what `next` said on the page before")
    return int(match[1]), int(match[2])


def _is_number(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits
