"""Progress of the whole from the progress of its stages."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[float, str], None]


class Progress:
    """Passes on whole per cents, and each only once: a source of four hours has half a million packets."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._told = -1

    def stage(self, begin: float, end: float, note: str) -> Callable[[float], None]:
        """What a stage calls with its own 0 to 100 per cent, which are `begin` to `end` of the whole."""

        def on_percent(percent: float) -> None:
            whole = int(begin + (end - begin) * percent / 100)
            if whole > self._told:
                self._told = whole
                self._report(whole, note)

        return on_percent
