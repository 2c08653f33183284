"""The artifact store: where files lie, how a step's artifacts are committed, and how a key is kept inside.

What each step runs through uses os's functions: pathlib's take several times as long.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from pathlib import Path

import msgspec

from clipmill import identifiers, room
from clipmill.claim import Claim, make
from clipmill.messages import Artifact, Step
from clipmill.outcome import Done, ToolError
from clipmill.room import Disk, Shortage

_MANIFEST = "manifest.json"
_BLOCK = 1 << 20


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The record that commits a step's artifacts: where it stands, the step is done."""

    step_id: str
    artifacts: tuple[Artifact, ...]


_manifests = msgspec.json.Decoder(Manifest)


class Store:
    """A directory tree on one file system, so that a rename publishes a whole step at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = f"{root}/"
        self._jobs = f"{root}/jobs"

    def prepare(self) -> None:
        """Make the folders that workers write to. Raises OSError where that is not allowed."""
        for name in ("jobs", "work", "workers"):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def home(self, step_id: str) -> Path:
        """The folder in which a step's artifacts and its manifest lie."""
        return Path(self._home(step_id))

    def workspace(self, step_id: str) -> Path:
        """The scratch folder of a step: the same on every attempt, so that an interrupted download goes on."""
        return Path(self._workspace(step_id))

    def _home(self, step_id: str) -> str:
        return "/".join((self._jobs, *identifiers.split_step_id(step_id)))

    def _workspace(self, step_id: str) -> str:
        return f"{self._prefix}work/{'.'.join(identifiers.split_step_id(step_id))}"

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
        text = _read(f"{self._home(step_id)}/{_MANIFEST}")
        return None if text is None else _manifests.decode(text)

    def done(self, step: Step) -> Done | None:
        """The outcome of a step that has been done before, or None: a redelivery is answered, not worked again."""
        manifest = self.manifest(step.id)
        return Done(manifest.artifacts) if manifest else None

    def claim(self, step: Step, *, wait: bool = True) -> Claim:
        """Hold the step alone, for the length of a block, by its workspace.

        After a cut connection two workers may have the same step: the second waits here, and finds it done. Without
        `wait` it raises BlockingIOError.
        """
        return Claim(self._workspace(step.id), wait=wait)

    def commit(self, step: Step, done: Done) -> None:
        """Publish the artifacts that lie in the step's workspace: all of them or none.

        What else lies there is removed, a manifest is added, and the workspace is renamed to the step's home: whoever
        sees the home sees it whole. A step that was committed meanwhile (by a second worker) keeps its first artifacts.
        Raises ToolError for artifacts that are no files of this step: whoever works on them next would be led astray.
        """
        home, workspace = self._home(step.id), self._workspace(step.id)
        _check(done, f"{home.removeprefix(self._prefix)}/", workspace)
        service, job = os.path.dirname(home), f"{self._jobs}/{step.job_id}"
        _keep_only({os.path.basename(artifact.file_path) for artifact in done.artifacts}, workspace)
        manifest = msgspec.json.encode(Manifest(step_id=step.id, artifacts=done.artifacts))
        # a manifest that names nothing guards nothing: should a power cut take it, its step is merely done again
        durable = bool(done.artifacts)
        _write(f"{workspace}/{_MANIFEST}", manifest, durable=durable)
        for folder in (job, service):
            make(folder)
        if durable:
            _bring_to_disk(workspace)
        _rename_if_absent(workspace, home)
        if durable:
            _bring_to_disk(service, job, self._jobs)

    def cancel(self, job_id: str) -> bool:
        """Set the tombstone of a job, which outlives every process; whether it is new."""
        stone = Path(self._tombstone(job_id))
        if stone.exists():
            return False
        stone.parent.mkdir(parents=True, exist_ok=True)
        stone.touch()
        _bring_to_disk(str(stone), str(stone.parent))
        return True

    def is_cancelled(self, job_id: str) -> bool:
        """Whether the job has a tombstone."""
        return os.path.exists(self._tombstone(job_id))

    def _tombstone(self, job_id: str) -> str:
        return f"{self._jobs}/{job_id}/cancelled"

    def tidy(self, step: Step) -> bool:
        """Remove what killed attempts have left of a step that has ended: scratch folder, and what it has taken
        from the inbox. False while somebody holds the step: he does that himself, unless he is dying.
        """
        try:
            with self.claim(step, wait=False):
                self.clear_workspace(step)
        except BlockingIOError:
            return False
        except OSError:
            pass  # a disk that is full or away leaves a folder behind, and hurts nobody
        if self.manifest(step.id) or self.is_cancelled(step.job_id):
            self.clear_inbox(step)
        return True

    def clear_workspace(self, step: Step) -> None:
        """Remove the scratch folder of a step that needs it no more."""
        if os.path.exists(folder := self._workspace(step.id)):
            shutil.rmtree(folder, ignore_errors=True)

    def clear_inbox(self, step: Step) -> None:
        """Remove what a person put into the inbox for a step, once it has been taken into the store."""
        if step.file_path and step.file_path.startswith("inbox/"):
            shutil.rmtree(self.inbox(step.job_id), ignore_errors=True)

    def disk(self) -> Disk:
        """The store's file system, as it is now."""
        usage = os.statvfs(self.root)
        return Disk(free=usage.f_bavail * usage.f_frsize, size=usage.f_blocks * usage.f_frsize)

    def shortage(self, step: Step, *, reserve: int) -> Shortage | None:
        """Why there is no room for an attempt of `step`, or None; what its last attempt has left counts as written."""
        source = _size(f"{self.root}/{step.file_path}") if step.file_path else 0
        disk = self.disk()
        if not room.shortage(disk, reserve=reserve, needed=room.need(source)):
            return None
        needed = room.need(source, there=_bytes_in(self.workspace(step.id)))
        return room.shortage(disk, reserve=reserve, needed=needed, kept=source)


def _check(done: Done, home: str, workspace: str) -> None:
    """A handler that was taken over could name another job's file, or leave a link to it where a file should be."""
    for artifact in done.artifacts:
        folder, name = os.path.split(artifact.file_path)
        with contextlib.suppress(FileNotFoundError):  # which is told below
            if f"{folder}/" != home or not stat.S_ISREG(os.lstat(f"{workspace}/{name}").st_mode):
                raise ToolError(f"{artifact.file_path!r} is no file of this step", permanent=True, cause="malformed")


def _keep_only(names: set[str], folder: str) -> None:
    """Remove everything else in the folder. Raises FileNotFoundError when one of the names is not there."""
    there = os.listdir(folder)
    if missing := names.difference(there):
        raise FileNotFoundError(f"{', '.join(sorted(missing))} was to become an artifact, and is gone")
    for name in there:
        if name not in names:
            _remove(f"{folder}/{name}")


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _size(path: str) -> int:
    """Bytes of a file; 0 of what cannot be read, which the child will say better."""
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):
        return 0


def _bytes_in(folder: Path) -> int:
    try:
        return sum(_size(entry.path) for entry in os.scandir(folder))
    except OSError:
        return 0


def _read(path: str) -> bytes | None:
    """What the file holds; None when there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        return file.read()


def _write(path: str, data: bytes, *, durable: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666)
    try:
        if os.write(descriptor, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checksum(path: Path) -> str:
    """SHA-256 of a file, which is also brought to disk (fsync), so that the manifest never outlives what it names."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
        os.fsync(file.fileno())
    return digest.hexdigest()


def _bring_to_disk(*paths: str) -> None:
    """fsync(2) of files and directories, so that a power cut finds them as they are now."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _rename_if_absent(source: str, target: str) -> None:
    """Rename a directory, unless the target stands: rename(2) replaces an empty one only, and ours holds a manifest."""
    try:
        os.rename(source, target)
    except OSError:
        if not os.path.isdir(target):
            raise
