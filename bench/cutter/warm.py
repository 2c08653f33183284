"""What the cutter's handler costs in a warm child, without starting Python: run by the bench in a process of its own.

Prints JSON: CPU seconds of looking, planning and copying; of the whole handler with its checks and checksums; MiB.
"""

from __future__ import annotations

import json
import resource
import sys
from fractions import Fraction
from pathlib import Path

from clipmill.outcome import Done
from clipmill.probe import probe
from clipmill_cutter.copy import Source, copy
from clipmill_cutter.limit import Limit
from clipmill_cutter.mode import Mode
from clipmill_cutter.packets import survey
from clipmill_cutter.plan import parts, plan
from tests.integration.cutter.attempt import attempt

_LIMIT = Limit(seconds=Fraction(30))


def main(source: Path, tiny: Path) -> None:
    """Cut `source`, which lies in the store's folder, after `tiny` has warmed everything up."""
    attempt(tiny.parent, tiny, profile="archive", partSeconds=1)
    begin = _cpu()
    _plan_and_copy(source)
    copied = _cpu()
    done = attempt(source.parent, source, profile="archive", partSeconds=30)
    assert isinstance(done.outcome, Done), done.outcome
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    size = sum(part.stat().st_size for part in done.parts) / source.stat().st_size
    figures = {"copy": copied - begin, "all": _cpu() - copied, "peak": peak, "size": size, "parts": len(done.parts)}
    print(json.dumps(figures))


def _plan_and_copy(source: Path) -> None:
    probe(source)
    frames = survey(source, lambda percent: None)
    planned = plan(frames, _LIMIT, Mode.AUTO)
    assert planned
    pieces = parts(frames, planned.starts)
    assert pieces
    folder = source.parent / "copied"
    folder.mkdir()
    copy(Source(path=source, frames=frames, parts=pieces, limit=_LIMIT.seconds), folder, lambda percent: None)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
