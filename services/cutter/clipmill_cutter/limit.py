"""How much a part may hold, in seconds and in bytes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Both bounds hold at once."""

    seconds: Fraction
    """Longest part."""
    bytes: int | None = None
    """Largest file of a part; None without a bound."""
