"""A job at a glance: what it is, how far, and the tree of its steps with files and reasons. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from clipmill_cli import amounts, jobs, summary
from clipmill_cli.answers import Job, JobLine, Step
from clipmill_cli.console import plain
from clipmill_cli.harvest import Crop


def picture(job: Job, store: Path) -> RenderableType:
    """For people; files with their absolute paths."""
    tree = Tree(_heading(job))
    for step in job.tree:
        _grow(tree, step, store)
    return Group(tree, *_hints(job.job))


def files(crops: Iterable[Crop]) -> RenderableType:
    """What is in the store, where nobody tells how the job is."""
    return Group(*(_path(crop.path, summary.facts(crop.artifact)) for crop in crops))


def _heading(job: Job) -> Text:
    line = job.job
    state = f"open, {job.percent:.0f} %" if line.state == "open" else plain(line.state)
    sender = f", for {plain(line.sender)}" if line.sender else ""
    begun = f", begun {amounts.ago(line.first_seen)}"
    return Text(f"job {line.job_id}: {state}{sender}{begun}\n{plain(jobs.what(line))}".rstrip())


def _grow(tree: Tree, step: Step, store: Path) -> None:
    branch = tree.add(Text(f"{_name(step)}: {_state(step)}"))
    for file in step.files:
        branch.add(_path(store / file.file_path, summary.facts(file)))
    for following in step.steps:
        _grow(branch, following, store)


def _name(step: Step) -> str:
    return " ".join(step.step_id.split("/")[1:])


def _state(step: Step) -> str:
    attempt = f", attempt {step.attempt}" if step.attempt > 1 else ""
    worker = f" by {plain(step.worker_id)}" if step.worker_id else ""
    if step.state == "processing":
        percent = "" if step.percent is None else f" {step.percent:.0f} %"
        return f"processing{percent} {plain(step.note)}".rstrip() + attempt + worker
    took = "" if step.working_ms is None else f" in {amounts.duration(step.working_ms / 1000)}"
    reason = f": {plain(step.reason)}" if step.reason else ""
    return f"{plain(step.state)}{took}{attempt}{worker}{reason}"


def _path(path: Path, facts: str) -> Text:
    # a path that is broken in the middle cannot be copied
    return Text(f"{plain(str(path))}  {facts}", no_wrap=True, overflow="ignore")


def _hints(line: JobLine) -> Iterable[RenderableType]:
    if line.files:
        yield f"fetch its files: clipmill get {line.job_id} -o DIR"
    yield f"its whole story: journalctl JOB_ID={line.job_id}"
