"""One attempt of a preview step with the real handler."""

from dataclasses import dataclass
from pathlib import Path

from clipmill import settings
from clipmill.messages import Artifact, Step
from clipmill.outcome import Done, Outcome, ToolError
from clipmill.store import Store
from clipmill.workspace import open_workspace
from clipmill_preview.handler import handle


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of it."""

    outcome: Outcome
    progress: list[float]
    workspace: Path

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        assert isinstance(self.outcome, Done), self.outcome
        return self.outcome.artifacts

    @property
    def preview(self) -> Path:
        """The preview, where it lies until it is committed."""
        return self.workspace / Path(self.artifacts[0].file_path).name

    @property
    def poster(self) -> Path:
        return self.workspace / Path(self.artifacts[1].file_path).name


def attempt(root: Path, source: Path, **about: str | int | float) -> Attempt:
    """One attempt at a preview of `source`, a file in the store at `root`."""
    store = Store(root)
    given = settings.load({"STORE": str(root), "DISK_RESERVE": "1M"})
    step = Step(job_id="job", id="job/preview/0", file_path=store.key(source), about=about)
    progress: list[float] = []
    try:
        workspace = open_workspace(store, step, given, lambda percent, note: progress.append(percent))
        outcome = handle(step, workspace)
    except ToolError as error:  # as the child does
        outcome = error.outcome()
    return Attempt(outcome=outcome, progress=progress, workspace=store.workspace(step.id))
