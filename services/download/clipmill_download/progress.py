"""Makes one rising percentage of what yt-dlp tells about many files."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Status = dict[str, Any]

_EVERY = 0.5
_MOST = 99.0
"""What is left is for merging and hashing."""


@dataclass
class Meter:
    """Counts the entries of a link and the files of an entry (picture and sound often come apart)."""

    report: Callable[[float, str], None]
    clock: Callable[[], float] = time.monotonic
    entry: int = 1
    entries: int = 1
    files: int = 1
    finished: int = 0
    percent: float = 0.0
    told: float = float("-inf")

    def begin(self, *, entry: int, entries: int, files: int) -> None:
        """The next video: number `entry` of `entries`, made of so many files."""
        self.entry, self.entries, self.files, self.finished = entry, max(entry, entries), files, 0

    def hook(self, status: Status) -> None:
        """yt-dlp's progress hook."""
        if status["status"] == "finished":
            self.finished += 1
        share = min(1.0, (self.finished + fraction(status)) / self.files)
        # an estimate of a size, or an entry found late, must not make it fall
        before, self.percent = (
            self.percent,
            max(self.percent, min(_MOST, 100 * (self.entry - 1 + share) / self.entries)),
        )
        if self.clock() - self.told >= _EVERY or before < self.percent == _MOST:
            self.told = self.clock()
            self.report(self.percent, self._note(status))

    def _note(self, status: Status) -> str:
        place = f"video {self.entry} of {self.entries}, " if self.entries > 1 else ""
        return f"{place}{status.get('downloaded_bytes') or 0:_d} bytes".replace("_", " ")


def fraction(status: Status) -> float:
    """How much of the file at hand is there, 0 to 1; 0 when it is finished (it is counted then) or nobody knows."""
    if status["status"] != "downloading":
        return 0.0
    if status.get("fragment_count"):
        done, total = status.get("fragment_index"), status["fragment_count"]
    else:
        done, total = status.get("downloaded_bytes"), status.get("total_bytes") or status.get("total_bytes_estimate")
    return min(1.0, float(done or 0) / total) if total else 0.0
