"""How long a part may be: what the sender wished, else what the operator set."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from clipmill.outcome import ToolError
from clipmill.settings import Settings

_OPTION = "partSeconds"
_SHORTEST, _LONGEST = 1, 3600


def longest_part(options: Mapping[str, Any], settings: Settings) -> Fraction:
    """Seconds, to the millisecond. Raises ToolError, permanent, when the wish is none."""
    wish = options.get(_OPTION, settings.part_seconds)
    # JSON's true is a number to Python
    if isinstance(wish, bool) or not isinstance(wish, int | float) or not _SHORTEST <= wish <= _LONGEST:
        reason = f"{_OPTION} must be a number from {_SHORTEST} to {_LONGEST}, and is {wish!r}"
        raise ToolError(reason, permanent=True, cause="malformed")
    return Fraction(wish).limit_denominator(1000)
