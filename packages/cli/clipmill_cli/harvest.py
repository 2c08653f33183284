"""What a job has put into the store, as its manifests say, whether it is over or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from clipmill import identifiers
from clipmill.graveyard import Graveyard
from clipmill.messages import Artifact
from clipmill.outcome import ToolError
from clipmill.pipeline import SERVICES
from clipmill.store import Manifest, Store
from clipmill_cli.trouble import Trouble

ROOT = "download"


@dataclass(frozen=True, kw_only=True)
class Crop:
    """One file of a job."""

    service: str
    index: str
    artifact: Artifact
    path: Path


def gather(store: Store, job_id: str) -> list[Crop]:
    """Every file of the job (a checked id), as the work flows. Raises Trouble."""
    try:
        return [crop for manifest in _manifests(store, job_id) for crop in _crops(store, manifest)]
    except PermissionError:
        raise Trouble(
            f"you may not read {store.root}; add yourself to group clipmill: sudo adduser $USER clipmill, "
            "then log in again"
        ) from None


def results(crops: list[Crop]) -> list[Crop]:
    """Those that somebody asked for: without the source, once something was made of it."""
    made = [crop for crop in crops if crop.service != ROOT]
    return made or crops


def names(crops: list[Crop]) -> dict[str, Crop]:
    """A name for each file, in one flat folder; those that several steps gave get the step before it."""
    times = Counter(crop.path.name for crop in crops)
    return {crop.path.name if times[crop.path.name] == 1 else _long_name(crop): crop for crop in crops}


def _long_name(crop: Crop) -> str:
    return f"{crop.service}-{crop.index}-{crop.path.name}"


def _manifests(store: Store, job_id: str) -> Iterator[Manifest]:
    home = store.home(identifiers.step_id(job_id, ROOT)).parents[1]
    if not home.is_dir():
        if epitaph := Graveyard(store).epitaph(job_id):
            raise Trouble(f"the files of job {job_id} were removed {epitaph}; submit it again")
        raise Trouble(f"there is no job {job_id} in {store.root}; clipmill jobs lists those that are known")
    for folder in sorted(home.glob("*/*"), key=_place):
        try:
            manifest = store.manifest(f"{job_id}/{folder.parent.name}/{folder.name}")
        except (ValueError, msgspec.MsgspecError):
            continue  # no step of ours made this
        if manifest:
            yield manifest


def _place(folder: Path) -> tuple[int, tuple[int, ...]]:
    """As the work flows, and part 10 after part 9."""
    service, index = folder.parent.name, folder.name.split(".")
    rank = SERVICES.index(service) if service in SERVICES else len(SERVICES)
    return rank, tuple(int(number) if number.isdecimal() else 0 for number in index)


def _crops(store: Store, manifest: Manifest) -> Iterator[Crop]:
    _, service, index = identifiers.split_step_id(manifest.step_id)
    for artifact in manifest.artifacts:
        try:
            path = store.path(artifact.file_path)
        except ToolError as error:
            raise Trouble(f"the manifest of {manifest.step_id} cannot be used: {error}") from None
        yield Crop(service=service, index=index, artifact=artifact, path=path)
