"""One attempt of a download step with the real handler; as a program, so that a test can kill it: STORE LINK."""

import sys
from dataclasses import dataclass
from pathlib import Path

from clipmill import settings
from clipmill.messages import Step
from clipmill.outcome import Done, Outcome
from clipmill.store import Store
from clipmill.workspace import open_workspace
from clipmill_download.handler import handle


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What came of it."""

    outcome: Outcome
    progress: list[tuple[float, str]]
    workspace: Path

    @property
    def files(self) -> list[Path]:
        """The artifacts, where they lie until they are committed."""
        assert isinstance(self.outcome, Done), self.outcome
        return [self.workspace / Path(artifact.file_path).name for artifact in self.outcome.artifacts]

    @property
    def reason(self) -> str:
        assert not isinstance(self.outcome, Done), self.outcome
        return self.outcome.reason


def attempt(root: Path, link: str | None = None, *, file: Path | None = None, **environment: str) -> Attempt:
    """One attempt of the job `job` in the store at `root`."""
    given = settings.load({"STORE": str(root), "DISK_RESERVE": "1M"} | environment)
    store = Store(root)
    key = store.key(file) if file else None
    step = Step(job_id="job", id="job/download/0", link=link, file_path=key)
    progress: list[tuple[float, str]] = []
    workspace = open_workspace(store, step, given, lambda percent, note: progress.append((percent, note)))
    return Attempt(outcome=handle(step, workspace), progress=progress, workspace=workspace.path)


if __name__ == "__main__":
    attempt(Path(sys.argv[1]), sys.argv[2])
