"""How large a proof is: short by default, so that CI can run it; at full size with PROOFS=full in the environment."""

import os
from typing import TypeVar

T = TypeVar("T")


def choose(*, short: T, full: T) -> T:
    """One of the two."""
    return full if os.environ.get("PROOFS") == "full" else short
