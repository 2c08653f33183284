"""Progress in the terminal: a bar for each job and for each step under way, a line for each step that has ended."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import TaskID

from clipmill import events, identifiers
from clipmill.events import Error, Result, StepEvent
from clipmill.job_tree import JobTree
from clipmill_cli import summary
from clipmill_cli.console import plain
from clipmill_cli.progress import progress

_NAME_LENGTH = 40


class Bars:
    """A context manager: the bars are there while it lasts. Without a terminal there are only the lines."""

    def __init__(self, console: Console, names: Mapping[str, str]) -> None:
        """`names` is what each job, by its id, is called."""
        self._names = {job_id: _short(name) for job_id, name in names.items()}
        self._bars: dict[str, TaskID] = {}
        self._progress = progress(console)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """A line that stays, above the bars."""
        self._progress.console.print(text, soft_wrap=True)

    def copied(self, job_id: str, done: int, whole: int) -> None:
        """How much of a file is in the store's inbox."""
        self._advance(job_id, self._names[job_id], 100 * done / max(whole, 1), "copying into the store")

    def waiting(self, job_id: str) -> None:
        """The job is on its way, and no worker has it yet."""
        self._advance(job_id, self._names[job_id], 0, "waiting for a worker")

    def show(self, tree: JobTree, event: StepEvent) -> None:
        """The tree has grown by `event`."""
        match event:
            case Result() | Error():
                self._end(event.step_id)
                self.say(self._line(event))
            case events.Progress(payload=payload):
                attempt = f"attempt {event.attempt}, " if event.attempt > 1 else ""
                self._advance(event.step_id, f"  {_step(event)}", payload.percent, plain(attempt + payload.note))
        if tree.is_over:
            self._end(tree.job_id)
        else:
            ended, known = len(tree.ended), len(tree.ended) + len(tree.open_steps)
            self._advance(tree.job_id, self._names[tree.job_id], tree.percent, f"{ended} of {known} steps done")

    def _advance(self, name: str, description: str, percent: float, note: str) -> None:
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(description, total=100, note="")
        self._progress.update(self._bars[name], completed=percent, note=note)

    def _end(self, name: str) -> None:
        bar = self._bars.pop(name, None)
        if bar is not None:
            self._progress.remove_task(bar)

    def _line(self, event: Result | Error) -> str:
        job = f"{self._names[event.job_id]}: " if len(self._names) > 1 else ""
        return f"{job}{_step(event)}: {summary.end(event)}"


def _step(event: StepEvent) -> str:
    _, service, index = identifiers.split_step_id(event.step_id)
    return f"{service} {index}"


def _short(name: str) -> str:
    name = plain(name)
    return name if len(name) <= _NAME_LENGTH else f"…{name[-_NAME_LENGTH + 1 :]}"
