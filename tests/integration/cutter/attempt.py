"""One attempt of a cutter step with the real handler."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clipmill import settings
from clipmill.messages import Artifact, Step
from clipmill.outcome import Done, Outcome, ToolError
from clipmill.store import Store
from clipmill.workspace import open_workspace
from clipmill_cutter.handler import handle

LIMIT = 10.0
"""Seconds a part, instead of 30: short sources then have joins too."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of it."""

    outcome: Outcome
    progress: list[tuple[float, str]]
    workspace: Path

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        assert isinstance(self.outcome, Done), self.outcome
        return self.outcome.artifacts

    @property
    def parts(self) -> list[Path]:
        """The artifacts, where they lie until they are committed."""
        return [self.workspace / Path(artifact.file_path).name for artifact in self.artifacts]

    @property
    def encoded(self) -> bool:
        """Whether the picture was encoded anew."""
        return any(self.workspace.glob("*-encoded.*"))


def attempt(root: Path, source: Path, about: dict[str, str | int | float] | None = None, **options: Any) -> Attempt:
    """One attempt to cut `source`, a file in the store at `root`, into parts of at most LIMIT."""
    store = Store(root)
    given = settings.load({"STORE": str(root), "DISK_RESERVE": "1M", "PART_SECONDS": f"{LIMIT:g}"})
    step = Step(job_id="job", id="job/cutter/0", file_path=store.key(source), options=options, about=about or {})
    progress: list[tuple[float, str]] = []
    try:
        workspace = open_workspace(store, step, given, lambda percent, note: progress.append((percent, note)))
        outcome = handle(step, workspace)
    except ToolError as error:  # as the child does
        outcome = error.outcome()
    return Attempt(outcome=outcome, progress=progress, workspace=store.workspace(step.id))
