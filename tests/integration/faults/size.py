"""How large a proof is: short by default, so that CI can run it; at full size with PROOFS=full in the environment."""

import os


def choose(*, short: int, full: int) -> int:
    """One of the two."""
    return full if os.environ.get("PROOFS") == "full" else short
