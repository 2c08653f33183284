"""How jobs ended: in words, as paths, as JSON, and as an exit status. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec

from clipmill import identifiers
from clipmill.events import Error, Result
from clipmill.job_tree import Ending, JobTree
from clipmill.messages import Artifact
from clipmill_cli import amounts
from clipmill_cli.console import plain
from clipmill_cli.trouble import Status

_NOUNS = {"download": "file", "cutter": "part", "preview": "preview"}


def exit_status(trees: Collection[JobTree]) -> Status:
    """Done when every job succeeded, failed when none left a file, else partly."""
    if all(tree.ending is Ending.SUCCEEDED for tree in trees):
        return Status.DONE
    return Status.PARTLY if any(tree.files for tree in trees) else Status.FAILED


def end(event: Result | Error) -> str:
    """How a step ended, in a few words."""
    if isinstance(event, Error):
        return f"{'cancelled' if event.payload.cancelled else 'given up'}: {plain(event.payload.error)}"
    made = event.payload.artifacts
    service = identifiers.split_step_id(event.step_id)[1]
    return f"done, {files(service, len(made))}, {amounts.size(sum(file.bytes for file in made))}"


def files(service: str, number: int) -> str:
    """Such as "3 parts": what a service makes has a name."""
    return amounts.count(number, _NOUNS.get(service, "file"))


def lines(tree: JobTree, store: Path) -> Iterator[str]:
    """A job that is over, for people: how it ended, its files with their absolute paths, and what went wrong."""
    made = ", ".join(files(service, len(artifacts)) for service, artifacts in tree.files.items())
    yield f"job {tree.job_id}: {tree.ending}" + (f", {made}" if made else "")
    for artifact in (artifact for artifacts in tree.files.values() for artifact in artifacts):
        yield f"  {plain(str(store / artifact.file_path))}  {facts(artifact)}"
    for failure in tree.failures:
        yield f"  {failure.step_id.partition('/')[2]}: {plain(failure.reason)}"


def facts(artifact: Artifact) -> str:
    """Length and size of a file."""
    seconds = artifact.about.get("seconds")
    length = f"{seconds:.1f} s, " if isinstance(seconds, int | float) else ""
    return f"({length}{amounts.size(artifact.bytes)})"


def as_json(tree: JobTree, store: Path) -> dict[str, Any]:
    """A job that is over, for programs."""
    made = [_file(service, file, store) for service, artifacts in tree.files.items() for file in artifacts]
    failures = msgspec.to_builtins(tree.failures)
    return {"jobId": tree.job_id, "ending": str(tree.ending), "files": made, "failures": failures}


def _file(service: str, artifact: Artifact, store: Path) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(artifact)
    return {"service": service, "path": str(store / artifact.file_path), **fields}
