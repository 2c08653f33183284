"""Amounts as the page shows them: sizes, lengths of time, shares. Pure."""

from __future__ import annotations

from clipmill import messages

_LENGTHS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def size(count: float) -> str:
    """Bytes: 4.2 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration(milliseconds: float | None) -> str:
    """A length of time: 0.4 s, 12 s, 3 min, 2 h, 4 d; nothing for none."""
    if milliseconds is None:
        return ""
    seconds = max(milliseconds, 0) / 1000
    for length, name in _LENGTHS:
        if seconds >= length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def ago(moment: int | None) -> str:
    """How long ago a time was."""
    return duration((messages.now() - moment) // 1000 * 1000) if moment else ""


def share(number: float | None) -> str:
    """0.5 as 50%; a dash before anything is known."""
    return "-" if number is None else f"{number:.0%}"
