"""Arguments and options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

What = Annotated[list[str], typer.Argument(metavar="LINK|FILE", help="Links that begin with http(s)://, or files.")]

PipelineText = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help='What follows the download: a comma is "then", a plus "and side by side". [default: cutter+preview]',
    ),
]

Json = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]

MANAGER = Path("/run/clipmill/manager.sock")

Socket = Annotated[
    Path,
    typer.Option("--manager", metavar="SOCKET", envvar="CLIPMILL_MANAGER", help="Where the manager answers."),
]
Job = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job, as `clipmill submit` printed it.")]
