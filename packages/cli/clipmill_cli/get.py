"""`clipmill get`: copies the files of a job out of the store."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from clipmill import settings
from clipmill.store import Store
from clipmill_cli import harvest, job_id, options
from clipmill_cli.harvest import Crop
from clipmill_cli.output import as_json
from clipmill_cli.trouble import Trouble

_BLOCK = 1 << 20


def get(
    job: options.Job,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where to.")] = Path(),
    source: Annotated[bool, typer.Option("--source", help="The video that came in, too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    json: options.Json = False,
) -> None:
    """Copy the files of a job into a folder.

    Parts and previews, each checked against its SHA-256; of a job that is not over, those that there are.

    \b
    Examples:
      clipmill get 0b9c1d2e3f4a5b6c7d8e9f0a1b2c3d4e -o talk
      clipmill get $job -o talk --source --force
    """
    crops = harvest.gather(Store(settings.load_for_person().store), job_id.check(job))
    chosen = harvest.names(crops if source else harvest.results(crops))
    if not chosen:
        raise Trouble(f"job {job} has no files yet; clipmill status {job} tells how it is")
    targets = {output / name: crop for name, crop in chosen.items()}
    if not force:
        _refuse_to_overwrite(targets)
    output.mkdir(parents=True, exist_ok=True)
    for target, crop in targets.items():
        _copy(crop, target)
        if not json:
            typer.echo(str(target))
    if json:
        typer.echo(as_json({"jobId": job, "files": [str(target.absolute()) for target in targets]}))


def _refuse_to_overwrite(targets: dict[Path, Crop]) -> None:
    there = [str(target) for target in targets if target.exists() or target.is_symlink()]
    if there:
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        raise Trouble(f"not overwritten: {', '.join(there[:3])}{more}; give another -o, or --force")


def _copy(crop: Crop, target: Path) -> None:
    """Beside its place first, so that a file under its name is whole, and is what the step made."""
    temporary = target.with_name(f".{target.name}.incoming")
    try:
        if _copied(crop.path, temporary) != crop.artifact.sha256:
            raise Trouble(f"{crop.path} is not what step {crop.service} {crop.index} made: its SHA-256 is another")
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


def _copied(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as original, target.open("wb") as copy:
        while block := original.read(_BLOCK):
            digest.update(block)
            copy.write(block)
    return digest.hexdigest()
