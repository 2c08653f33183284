"""A rolling restart: one unit of each service at a time, each waited for, the whole fleet within five minutes."""

from __future__ import annotations

import time
from collections.abc import Iterator

from clipmill.outcome import ToolError
from clipmill_cli.fleet import units

WHOLE_SECONDS = 300
"""For the whole fleet, however many steps are at hand (issue 4, point 6)."""

_TO_GIVE_BACK = 10
"""Seconds that a worker told to hurry needs to give its step back."""
_TO_START = 100
"""TimeoutStartSec=, and some."""


def restart(running: list[str], *, whole: float = WHOLE_SECONDS) -> Iterator[str]:
    """Restart running units; a line for each round of it. Raises ToolError at its end when one did not come back.

    A unit is waited for until it is READY: it consumes again, or has said that it waits for the broker. A round whose
    workers still drain when its share of the time is over is told to give its steps back: they are delivered again.
    """
    deadline = time.monotonic() + whole
    todo, failed = units.rounds(running), []
    for done, round_ in enumerate(todo):
        began = time.monotonic()
        try:
            _restart(round_, patience=(deadline - began) / (len(todo) - done) - _TO_GIVE_BACK)
        except ToolError as error:
            # the others are not to go on with the old code because of it
            failed.append(str(error))
        names = " ".join(name.removesuffix(".service") for name in round_)
        yield f"restarted {names}: {time.monotonic() - began:.1f} s"
    if failed:
        raise ToolError("; ".join(failed))


def _restart(names: list[str], *, patience: float) -> None:
    try:
        units.tell("restart", names, seconds=max(patience, 1))
    except ToolError as error:
        if error.cause != "timeout":
            raise
        # their jobs go on without us: whoever still drains is hurried, and then all are waited for again
        late = units.in_state("deactivating", names)
        units.hurry(late)
        units.tell("start", names, seconds=_TO_START)
