"""Where the command writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import re
from typing import IO

from rich.console import Console

_UNSEEN_WIDTH = 200
"""Columns of a table that goes into a file or a pipe, where no terminal sets a width."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def output() -> Console:
    """For results."""
    console = _console()
    if not console.is_terminal:
        console.width = _UNSEEN_WIDTH
    return console


def messages(file: IO[str] | None = None) -> Console:
    """For whatever is said beside them."""
    return _console(file=file, stderr=file is None)


def plain(text: str) -> str:
    """The text as one line without control characters: a title or a site's error must not steer the terminal."""
    return _CONTROL.sub(" ", text).encode(errors="replace").decode().strip()


def _console(**given: object) -> Console:
    # what is printed is data: brackets in a file's name are no markup, and ":x:" is no emoji
    return Console(markup=False, emoji=False, highlight=False, **given)  # type: ignore[arg-type]
