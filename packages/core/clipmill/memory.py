"""How much memory a process has, and whether a child has grown enough to be replaced between two steps."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

STEPS_PER_CHILD = 200
"""No library that decodes strangers' videos is trusted for longer."""

_WINDOW = 10
_LEAK_PER_STEP = 2 << 20

_PAGE = os.sysconf("SC_PAGE_SIZE")


def rss(pid: int) -> int:
    """Resident bytes of a process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def reason_to_replace(sizes: Sequence[int], *, limit: int) -> str | None:
    """Why a child should be replaced, given its resident bytes after each of its steps; None while it may serve on.

    It keeps growing when over the last ten steps it grew with nearly every one, by 2 MiB a step on average: a cache
    that fills stops, a leak does not.
    """
    if len(sizes) >= STEPS_PER_CHILD:
        return f"it has served {len(sizes)} steps"
    if sizes and sizes[-1] > limit:
        return f"it holds {sizes[-1] >> 20} MiB, more than {limit >> 20} MiB"
    window = sizes[-_WINDOW - 1 :]
    if len(window) > _WINDOW and _grows(window):
        return f"it grew by {(window[-1] - window[0]) >> 20} MiB over {_WINDOW} steps"
    return None


def _grows(window: Sequence[int]) -> bool:
    rises = sum(later > earlier for earlier, later in itertools.pairwise(window))
    return rises >= _WINDOW - 1 and window[-1] - window[0] > _LEAK_PER_STEP * _WINDOW
