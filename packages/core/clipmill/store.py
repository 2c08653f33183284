"""The artifact store: where files lie, how a step's artifacts are committed, and how a key is kept inside."""

from __future__ import annotations

import contextlib
import fcntl
import functools
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


@functools.lru_cache(maxsize=8)  # pathlib takes its time, and these are asked for a dozen times on a step's way
def _home(root: Path, step_id: str) -> Path:
    return root.joinpath("jobs", *identifiers.split_step_id(step_id))


@functools.lru_cache(maxsize=8)
def _workspace(root: Path, step_id: str) -> Path:
    return root / "work" / ".".join(identifiers.split_step_id(step_id))


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
        return _home(self.root, step_id)

    def workspace(self, step_id: str) -> Path:
        """The scratch folder of a step: the same on every attempt, so that an interrupted download goes on."""
        return _workspace(self.root, step_id)

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
        `wait` it raises BlockingIOError. What is locked is the workspace itself, which is made if need be.
        """
        with _locked(self.workspace(step.id), wait=wait):
            yield

    def commit(self, step: Step, done: Done) -> None:
        """Publish the artifacts that lie in the step's workspace: all of them or none.

        What else lies there is removed, a manifest is added, and the workspace is renamed to the step's home: whoever
        sees the home sees it whole. A step that was committed meanwhile (by a second worker) keeps its first artifacts.
        """
        home, workspace = self.home(step.id), self.workspace(step.id)
        _keep_only({Path(artifact.file_path).name for artifact in done.artifacts}, workspace)
        manifest = Manifest(step_id=step.id, artifacts=done.artifacts)
        (workspace / _MANIFEST).write_bytes(msgspec.json.encode(manifest))
        home.parent.mkdir(parents=True, exist_ok=True)
        # a manifest that names nothing guards nothing: should a power cut take it, its step is merely done again
        if done.artifacts:
            _bring_to_disk(workspace / _MANIFEST, workspace)
        _rename_if_absent(workspace, home)
        if done.artifacts:
            _bring_to_disk(home.parent, home.parent.parent, self.root / "jobs")

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
        return self.root / f"jobs/{job_id}/cancelled"

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
def _locked(folder: Path, *, wait: bool) -> Iterator[None]:
    """The lock on a folder, which is made if need be, and removed in the end if it stands there empty."""
    descriptor = _lock(folder, wait=wait)
    try:
        yield
    finally:
        if _is_at(folder, descriptor):
            with contextlib.suppress(OSError):
                folder.rmdir()
        os.close(descriptor)


def _lock(folder: Path, *, wait: bool) -> int:
    """A descriptor that holds the lock. The last holder may have renamed or removed the folder: what was locked then
    has another name or none, so the lock counts only on the folder that stands there.

    (A lock file beside it would be made and removed with each step. ext4 does not use an inode again soon after it was
    freed, so with thousands of those each new file took 0.2 ms: seen.)
    """
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError), contextlib.ExitStack() as undo:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            undo.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(folder, descriptor):
                undo.pop_all()
                return descriptor


def _is_at(folder: Path, descriptor: int) -> bool:
    """Whether the open folder is the one that stands there."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _keep_only(names: set[str], folder: Path) -> None:
    """Remove everything else in the folder. Raises FileNotFoundError when one of the names is not there."""
    there = {path.name for path in folder.iterdir()}
    if missing := names - there:
        raise FileNotFoundError(f"{', '.join(sorted(missing))} was to become an artifact, and is gone")
    for name in there - names:
        _remove(folder / name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


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


def _rename_if_absent(source: Path, target: Path) -> None:
    """Rename a directory, unless the target stands: rename(2) replaces an empty one only, and ours holds a manifest."""
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            raise
