"""Chooses the cheapest way that gives right parts of a source, and the next safer one when it does not hold."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from clipmill.outcome import ToolError
from clipmill.probe import probe
from clipmill_cutter import kind
from clipmill_cutter.packets import survey
from clipmill_cutter.plan import plan
from clipmill_cutter.progress import Progress
from clipmill_cutter.unfit import Unfit
from clipmill_cutter.ways import Cutting, Request, Way, Ways

log = logging.getLogger(__name__)


def cut(request: Request, progress: Progress) -> tuple[Cutting, ...]:
    """The parts of a source, each of them checked. Raises ToolError when there is no right way to cut it."""
    found = probe(request.source)
    frames = survey(request.source, progress.stage(0, 5, "looking"))
    ways = Ways(request=request, found=found, frames=frames, plan=plan(frames, request.limit), progress=progress)
    why = "one of its pictures stands longer than a part may be"
    for way in _cheapest_first(ways):
        try:
            return way()
        except Unfit as reason:
            why = str(reason)
            log.warning("%s does not do: %s", way.__name__, why)
    raise ToolError(f"it cannot be cut right: {why}", permanent=True, cause="unsupported")


def _cheapest_first(ways: Ways) -> Iterator[Way]:
    """The ways that may do for the source, by what they cost."""
    if ways.plan.copy and kind.picture_can_be_copied(ways.found):
        yield from _copying(ways, pieces=len(ways.plan.copy))
    if ways.plan.cuts is not None:
        yield ways.encoded


def _copying(ways: Ways, pieces: int) -> Iterator[Way]:
    if not kind.sound_can_be_copied(ways.found):
        yield ways.with_new_sound
        return
    if pieces == 1 and kind.can_be_sent(ways.found, ways.request.limit):
        yield ways.as_it_is
    yield ways.copied
