"""Where the bench keeps what it makes: all below .cache, which git ignores."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "bench"

_RUN = CACHE / "run"


def scratch() -> Path:
    """A new directory on a disk, like a store: /tmp may be memory."""
    _RUN.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=_RUN))


def clean() -> None:
    """Remove all of those at once, at the end: ext4 makes new files slowly for a while after thousands were removed,
    which would be counted against whoever is measured next.
    """
    shutil.rmtree(_RUN, ignore_errors=True)
