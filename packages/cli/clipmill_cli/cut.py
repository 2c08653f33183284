"""`clipmill cut`: a file into parts, here and now, with the cutter of the fleet and nothing else of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from clipmill import tools
from clipmill.outcome import ToolError
from clipmill.settings import BadSettings, parse_size
from clipmill_cli import amounts, console, options
from clipmill_cli.console import plain
from clipmill_cli.cut_folder import CutFolder
from clipmill_cli.output import as_json
from clipmill_cli.stage_bar import StageBar
from clipmill_cli.trouble import Status, Trouble

_PROGRAMS = ("ffmpeg", "ffprobe")


def cut(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A video.")],
    longest: Annotated[
        float | None, typer.Option("--max", metavar="SECONDS", help="Longest part. [default: the profile's, 30]")
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--cut",
            metavar="HOW",
            help="lossless: at keyframes, nothing encoded; fewest: as few parts as can be; exact: each part as long as "
            "may be. [default: lossless, unless that costs a quarter more parts; then fewest]",
        ),
    ] = None,
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="archive (all stays as it is), whatsapp, telegram or instagram.")
    ] = "archive",
    largest: Annotated[
        str | None,
        typer.Option("--max-size", metavar="SIZE", help="Largest part, such as 16M."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where the parts are put. [default: here]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace parts that are there.")] = False,
    json: options.Json = False,
) -> None:
    """Cut a video into parts, every picture once.

    Parts of at most 30 seconds, at keyframes and without encoding wherever that can be, are named after the file, put
    into the folder once all of them have been checked, and printed. Exits with 0, or with 1 when the file cannot be cut
    right: then there is no part.

    \b
    Examples:
      clipmill cut film.mkv
      clipmill cut film.mkv --max 60 --cut exact -o parts
      clipmill cut film.mkv --profile whatsapp
    """
    if missing := [name for name in _PROGRAMS if not tools.find(name)]:
        raise BadSettings(f"{name}: not found; install it (apt install ffmpeg)" for name in missing)
    wishes = {"profile": profile, "partSeconds": longest, "cut": mode, "partBytes": _bytes(largest)}
    folder = CutFolder(output or Path(), file)
    with _explained(), folder.opened(force=force) as scratch:
        parts, notes = _cut(file, scratch, {key: wish for key, wish in wishes.items() if wish is not None})
        placed = folder.place(parts, force=force)
    _tell(placed, parts, notes, json=json)


def _bytes(text: str | None) -> int | None:
    try:
        return None if text is None else parse_size(text)
    except ValueError as mistake:
        raise typer.BadParameter(str(mistake), param_hint="--max-size") from None


def _cut(file: Path, scratch: Path, wishes: dict[str, Any]) -> Any:
    # imported here: PyAV takes its time, and `--help` needs none of it
    from clipmill_cutter.alone import cut_file

    # what went wrong is told in one sentence; what a tool said of it is for the fleet's journal
    for name in ("clipmill", "clipmill_cutter"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with StageBar(console.messages(), plain(file.name)) as bar:
        return cut_file(file, scratch, wishes, bar.show)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ToolError as error:
        raise Trouble(plain(str(error)), Status.USAGE if error.cause == "malformed" else Status.FAILED) from None
    except KeyboardInterrupt:
        raise Trouble("stopped; no part was put there", Status.INTERRUPTED) from None


def _tell(placed: list[Path], parts: Any, notes: tuple[str, ...], *, json: bool) -> None:
    if json:
        found = [
            {"path": str(path), "seconds": round(part.seconds, 3), "bytes": path.stat().st_size}
            for path, part in zip(placed, parts, strict=True)
        ]
        typer.echo(as_json({"parts": found, "notes": list(notes)}))
        return
    for path, part in zip(placed, parts, strict=True):
        typer.echo(f"{plain(str(path))}  ({part.seconds:.1f} s, {amounts.size(path.stat().st_size)})")
    for note in notes:
        typer.echo(plain(note), err=True)
