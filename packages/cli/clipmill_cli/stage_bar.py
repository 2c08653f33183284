"""One bar in the terminal for one thing that is done."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console

from clipmill_cli.progress import progress


class StageBar:
    """A context manager: the bar is there while it lasts; without a terminal there is none."""

    def __init__(self, console: Console, name: str) -> None:
        self._progress = progress(console)
        self._task = self._progress.add_task(name, total=100, note="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, percent: float, note: str) -> None:
        """How far it is, and with what."""
        self._progress.update(self._task, completed=percent, note=note)
