"""`clipmill run`: the whole pipeline in this process, without a broker, systemd or root."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from clipmill import settings, tools
from clipmill.settings import BadSettings
from clipmill_cli import console, options, origin, summary
from clipmill_cli.correspondence import Correspondence
from clipmill_cli.logfile import stderr_to
from clipmill_cli.order import read_pipeline
from clipmill_cli.output import as_json
from clipmill_cli.run_folder import RunFolder
from clipmill_cli.solo import Solo
from clipmill_cli.trouble import Status

_PROGRAMS = ("ffmpeg", "ffprobe")


def run(
    what: options.What,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the files are put.")] = Path(
        "clipmill-out"
    ),
    pipeline: options.PipelineText = None,
    json: options.Json = False,
) -> None:
    """Do all of it here and now, without a fleet.

    Takes links and files through the whole pipeline in this process, and prints parts, preview and message. Exits
    with 0 when all is done, 1 when nothing came of it, 3 when some files are there and something went wrong. Ctrl-C
    finishes the step at hand, a second one stops at once; the same command again goes on where it stopped.

    \b
    Examples:
      clipmill run holiday.mp4
      clipmill run https://example.org/talk -o talks
      clipmill run *.mp4 --pipeline preview
    """
    origins, tiers = origin.read(what), read_pipeline(pipeline)
    if missing := [name for name in _PROGRAMS if not tools.find(name)]:
        raise BadSettings(f"{name}: not found; install it (apt install ffmpeg)" for name in missing)
    given, folder = settings.load_for_person(), RunFolder(output)
    with folder.opened():
        with stderr_to(folder.log) as terminal:
            solo = Solo(folder, given, origins, tiers, console.messages(terminal))
            finished = asyncio.run(solo.carry_out())
        _tell(solo.vigil, folder.store.root, json=json)
    if not finished:
        typer.echo("stopped; the same command again goes on from here", err=True)
        raise typer.Exit(Status.INTERRUPTED)
    status = summary.exit_status(solo.vigil.trees.values())
    if status:
        typer.echo(f"what every step said: {folder.log}", err=True)
    raise typer.Exit(status)


def _tell(vigil: Correspondence, store: Path, *, json: bool) -> None:
    over = [tree for tree in vigil.trees.values() if tree.is_over]
    if json:
        told = [summary.as_json(tree, store) | {"message": _message(vigil, tree.job_id)} for tree in over]
        typer.echo(as_json({"jobs": told}))
        return
    for tree in over:
        typer.echo("\n".join(summary.lines(tree, store)))
        typer.echo("message:")
        typer.echo(textwrap.indent(_message(vigil, tree.job_id), "  "))


def _message(vigil: Correspondence, job_id: str) -> str:
    notice = vigil.notices.get(job_id)
    return notice.payload.text.rstrip() if notice else ""
