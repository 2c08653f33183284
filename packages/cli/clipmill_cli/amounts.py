"""Amounts as people read them: sizes, durations, how long ago. Pure."""

from __future__ import annotations

from clipmill import messages


def size(count: float) -> str:
    """Bytes: 4.2 MB."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def duration(seconds: float) -> str:
    """Seconds: 0.4 s, 12 s, 3 min 5 s, 2 h 10 min, 3 d 4 h."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    for length, name, smaller_length, smaller in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= length:
            rest = whole % length // smaller_length
            return f"{whole // length} {name}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def ago(moment: int | None) -> str:
    """How long ago a time in milliseconds since the epoch was; empty for none."""
    if not moment:
        return ""
    return f"{duration(max(0, messages.now() - moment) // 1000)} ago"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 part, 3 parts."""
    return f"{number} {one if number == 1 else many or one + 's'}"
