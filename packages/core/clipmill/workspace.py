"""What a handler is given besides its step: a folder to work in, its input, the settings, a way to tell progress."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clipmill.claim import make
from clipmill.messages import Artifact, Step
from clipmill.outcome import ToolError
from clipmill.settings import Settings
from clipmill.store import Store, checksum


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The scratch folder of a step and its surroundings. The folder may hold what an earlier attempt left."""

    path: Path
    source: Path | None
    """The step's input: a regular file inside the store, or None when the step names no file."""
    settings: Settings
    store: Store
    step: Step
    report: Callable[[float, str], None]

    def progress(self, percent: float, note: str = "") -> None:
        """Tell how far the step is: 0 to 100, and a few words for people."""
        self.report(max(0.0, min(100.0, percent)), note)

    def artifact(self, path: Path, **about: str | int | float) -> Artifact:
        """The artifact that the file at `path`, directly in the workspace, becomes once the handler returns Done.

        The file is hashed and brought to disk here. `about` is what people and later steps want to know of it.
        """
        key = self.store.key(self.store.home(self.step.id) / path.name)
        return Artifact(file_path=key, bytes=path.stat().st_size, sha256=checksum(path), about=about)


def open_workspace(store: Store, step: Step, settings: Settings, report: Callable[[float, str], None]) -> Workspace:
    """The workspace of `step`, made if need be. Raises ToolError when its input is missing, no file or outside."""
    path = store.workspace(step.id)
    source = _source(store, step) if step.file_path else None
    make(str(path))
    return Workspace(path=path, source=source, settings=settings, store=store, step=step, report=report)


def _source(store: Store, step: Step) -> Path:
    assert step.file_path
    path = store.path(step.file_path)
    try:
        # lstat, and nothing but a regular file: opening a FIFO would hang for ever
        status = path.lstat()
    except OSError as error:
        raise ToolError(f"{step.file_path!r} cannot be read: {error.strerror}", permanent=True, cause="gone") from None
    if not stat.S_ISREG(status.st_mode):
        raise ToolError(f"{step.file_path!r} is no regular file", permanent=True, cause="malformed")
    if not status.st_size:
        raise ToolError(f"{step.file_path!r} is empty", permanent=True, cause="corrupt")
    return path
