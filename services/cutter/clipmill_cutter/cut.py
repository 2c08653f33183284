"""Chooses the cheapest way that gives right parts of a source, and the next safer one when it does not hold."""

from __future__ import annotations

import logging
from dataclasses import replace

from clipmill.outcome import ToolError
from clipmill.probe import probe
from clipmill_cutter.format import of_parts
from clipmill_cutter.mend import mend
from clipmill_cutter.packets import survey
from clipmill_cutter.progress import Progress
from clipmill_cutter.unfit import Unfit
from clipmill_cutter.ways import Cuttings, Material, Request, Ways

_LONGEST = 86400
"""Seconds: what claims to last longer lies, or is no film."""

log = logging.getLogger(__name__)


def cut(request: Request, progress: Progress) -> Cuttings:
    """The parts of a source, each of them checked. Raises ToolError when there is no right way to cut it."""
    found = probe(request.source)
    ways = Ways(request=request, found=found, material=_look(request, progress), progress=progress)
    why = ""
    for way in _mended(ways).cheapest_first():
        try:
            return _told(way())
        except Unfit as reason:
            why = str(reason)
            log.warning("%s does not do: %s", way.__name__, why)
    raise ToolError(f"it cannot be cut right: {why}", permanent=True, cause="unsupported")


def _look(request: Request, progress: Progress) -> Material:
    frames = survey(request.source, progress.stage(0, 5, "looking"))
    if frames.seconds > _LONGEST:
        reason = f"its {frames.seconds / 3600:.0f} hours are more than the {_LONGEST // 3600} that can be worked on"
        raise ToolError(reason, permanent=True, cause="unsupported")
    return Material(path=request.source, frames=frames.with_sound_within(request.profile.limit.seconds))


def _mended(ways: Ways) -> Ways:
    """The same ways for a copy of the source whose times go on, where those of the source jump."""
    if not ways.material.frames.broken:
        return ways
    request = ways.request
    format = of_parts(ways.found, request.source, phone=False)
    on_percent = ways.progress.stage(0, 5, "mending")
    copied = mend(request.source, ways.found, format, request.folder, request.timeout, on_percent)
    log.info("the times in the file jump: it is cut from a copy in which they go on")
    request = replace(request, source=copied)
    return replace(ways, request=request, found=probe(copied), material=_look(request, ways.progress))


def _told(done: Cuttings) -> Cuttings:
    for note in done.notes:
        log.warning("%s", note)
    return done
