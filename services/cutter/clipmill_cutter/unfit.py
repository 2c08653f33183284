"""What a way of cutting raises when it does not hold for a source, so that the next safer one is tried."""

from __future__ import annotations


class Unfit(Exception):
    """The text says what did not hold."""
