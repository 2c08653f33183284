"""Reads a Retry-After header. Pure."""

from __future__ import annotations

import email.utils

_LONGEST = 24 * 3600
"""Seconds. A site may ask for a day; a job that waits for years is lost."""


def moment(header: str | None, *, now: int) -> int | None:
    """The time (milliseconds since the epoch) that the header names, as seconds from `now` or as a date; else None."""
    seconds = _seconds(header.strip(), now) if header else None
    return None if seconds is None else now + int(1000 * min(max(seconds, 0), _LONGEST))


def _seconds(header: str, now: int) -> float | None:
    if header.isdecimal():
        return float(header[:12])
    try:
        return email.utils.parsedate_to_datetime(header).timestamp() - now / 1000
    except ValueError:
        return None
