"""Waits for what announces itself in no other way than by being looked at."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(probe: Callable[[], T], *, what: str, seconds: float = 30, every: float = 0.1) -> T:
    """The first true answer of `probe`; a TimeoutError that says `what` was waited for when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(every)
    return answer
