"""The cutter for a person's command: no step, no store, just a file and a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from clipmill import cpu_quota, settings
from clipmill_cutter import heap, profile
from clipmill_cutter.cut import cut
from clipmill_cutter.progress import Progress
from clipmill_cutter.ways import Cutting, Request

_A_MONTH = 30 * 86400.0
"""Nobody else waits for it: whoever does may end it with Ctrl-C."""


def cut_file(
    source: Path, folder: Path, wishes: Mapping[str, Any], report: Callable[[float, str], None]
) -> tuple[tuple[Cutting, ...], tuple[str, ...]]:
    """Parts of `source` in `folder`, and what is in none of them, in words.

    `wishes` are those that a message may carry as its options. Raises ToolError.
    """
    heap.give_back_large_blocks()
    request = Request(
        source=source.absolute(),
        folder=folder.absolute(),
        profile=profile.wanted(wishes, settings.load({})),
        threads=cpu_quota.threads(),
        timeout=_A_MONTH,
    )
    done = cut(request, Progress(report))
    return done.parts, done.notes
