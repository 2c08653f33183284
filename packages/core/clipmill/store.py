"""The artifact store: where files lie, how a step's artifacts are committed, and how a key is kept inside."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from clipmill import identifiers
from clipmill.messages import Artifact, Step
from clipmill.outcome import Done, ToolError

_MANIFEST = "manifest.json"
_BLOCK = 1 << 20


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The record that commits a step's artifacts: where it stands, the step is done."""

    step_id: str
    artifacts: tuple[Artifact, ...]


class Store:
    """A directory tree on one file system, so that a rename publishes a whole step at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Make the folders that workers write to. Raises OSError where that is not allowed."""
        for name in ("jobs", "work", "workers"):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def home(self, step_id: str) -> Path:
        """The folder in which a step's artifacts and its manifest lie."""
        job_id, service, index = identifiers.split_step_id(step_id)
        return self.root / "jobs" / job_id / service / index

    def workspace(self, step_id: str) -> Path:
        """The scratch folder of a step: the same on every attempt, so that an interrupted download goes on."""
        return self.root / "work" / ".".join(identifiers.split_step_id(step_id))

    def inbox(self, job_id: str) -> Path:
        """The folder into which a person's command puts the files of a job."""
        return self.root / "inbox" / job_id

    def key(self, path: Path) -> str:
        """The key of a path inside the store."""
        return path.relative_to(self.root).as_posix()

    def path(self, key: str) -> Path:
        """The file that `key` names, links resolved. Raises ToolError when it leaves the store."""
        root = self.root.resolve()
        try:
            path = (root / key).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ToolError(f"{key!r} is no path: {error}", permanent=True, cause="malformed") from None
        if not path.is_relative_to(root) or "\0" in key:
            raise ToolError(f"{key!r} lies outside the store", permanent=True, cause="malformed")
        return path

    def manifest(self, step_id: str) -> Manifest | None:
        """What the step has committed, or None."""
        try:
            return msgspec.json.decode((self.home(step_id) / _MANIFEST).read_bytes(), type=Manifest)
        except FileNotFoundError:
            return None

    def done(self, step: Step) -> Done | None:
        """The outcome of a step that has been done before, or None: a redelivery is answered, not worked again."""
        manifest = self.manifest(step.id)
        return Done(manifest.artifacts) if manifest else None

    @contextlib.contextmanager
    def claim(self, step: Step, *, wait: bool = True) -> Iterator[None]:
        """Hold the step alone, waiting for whoever holds it now; the kernel lets go when the holder dies (flock(2)).

        After a cut connection two workers may have the same step: the second waits here, and finds it done. Without
        `wait` it raises BlockingIOError.
        """
        path = self.root / "work" / (self.workspace(step.id).name + ".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path, wait=wait):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def commit(self, step: Step, done: Done) -> None:
        """Publish the artifacts that lie in the step's workspace: all of them or none.

        Files and manifest are moved into a folder beside the step's home and that folder is renamed: whoever sees the
        home sees it whole. A step that was committed meanwhile (by a second worker) keeps its first artifacts.
        """
        home, workspace = self.home(step.id), self.workspace(step.id)
        staging = workspace / ".commit"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        for artifact in done.artifacts:
            name = Path(artifact.file_path).name
            (workspace / name).rename(staging / name)
        manifest = Manifest(step_id=step.id, artifacts=done.artifacts)
        (staging / _MANIFEST).write_bytes(msgspec.json.encode(manifest))
        home.parent.mkdir(parents=True, exist_ok=True)
        # a manifest that names nothing guards nothing: should a power cut take it, its step is merely done again
        sync = _bring_to_disk if done.artifacts else _leave_to_the_kernel
        sync(staging / _MANIFEST, staging)
        _rename_if_absent(staging, home)
        sync(home.parent, home.parent.parent, self.root / "jobs")

    def cancel(self, job_id: str) -> bool:
        """Set the tombstone of a job, which outlives every process; whether it is new."""
        stone = self._tombstone(job_id)
        if stone.exists():
            return False
        stone.parent.mkdir(parents=True, exist_ok=True)
        stone.touch()
        _bring_to_disk(stone, stone.parent)
        return True

    def is_cancelled(self, job_id: str) -> bool:
        """Whether the job has a tombstone."""
        return self._tombstone(job_id).exists()

    def _tombstone(self, job_id: str) -> Path:
        return self.root / "jobs" / job_id / "cancelled"

    def tidy(self, step: Step) -> None:
        """Remove what killed attempts have left of a step that has ended: scratch folder, lock, and what it has taken
        from the inbox. Whoever holds the step at this moment does that himself.
        """
        with contextlib.suppress(OSError), self.claim(step, wait=False):
            self.clear_workspace(step)
        if self.manifest(step.id) or self.is_cancelled(step.job_id):
            self.clear_inbox(step)

    def clear_workspace(self, step: Step) -> None:
        """Remove the scratch folder of a step that needs it no more."""
        shutil.rmtree(self.workspace(step.id), ignore_errors=True)

    def clear_inbox(self, step: Step) -> None:
        """Remove what a person put into the inbox for a step, once it has been taken into the store."""
        if step.file_path and step.file_path.startswith("inbox/"):
            shutil.rmtree(self.inbox(step.job_id), ignore_errors=True)

    def free_bytes(self) -> int:
        """Bytes that are free on the store's file system for us."""
        return shutil.disk_usage(self.root).free


@contextlib.contextmanager
def _locked(path: Path, *, wait: bool) -> Iterator[None]:
    """The lock on the file at `path`. Its last holder has removed it: what was locked then is a name no more, so the
    lock counts only on the file that stands there."""
    while True:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                yield
                return


def checksum(path: Path) -> str:
    """SHA-256 of a file, which is also brought to disk (fsync), so that the manifest never outlives what it names."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
        os.fsync(file.fileno())
    return digest.hexdigest()


def _bring_to_disk(*paths: Path) -> None:
    """fsync(2) of files and directories, so that a power cut finds them as they are now."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _leave_to_the_kernel(*_: Path) -> None:
    """It writes within half a minute."""


def _rename_if_absent(source: Path, target: Path) -> None:
    """Rename a directory, unless the target stands: rename(2) replaces an empty one only, and ours holds a manifest."""
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            raise
