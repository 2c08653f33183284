"""`clipmill jobs`: the newest jobs as a table."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated

import typer
from rich.table import Table

from clipmill_cli import amounts, console, manager, options
from clipmill_cli.answers import JobLine, Jobs
from clipmill_cli.console import plain
from clipmill_cli.manager import Manager

_MOST = 500


class State(enum.StrEnum):
    """What a job can be."""

    OPEN = "open"
    SUCCEEDED = "succeeded"
    PARTLY = "partly"
    FAILED = "failed"
    CANCELLED = "cancelled"


def jobs(
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    sender: Annotated[str | None, typer.Option(help="Only those of this sender.")] = None,
    site: Annotated[str | None, typer.Option(help="Only those from this site, such as example.org.")] = None,
    service: Annotated[str | None, typer.Option(help="Only those that stand, or failed, at this service.")] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Only where the reason contains this.")] = None,
    after: Annotated[str | None, typer.Option(metavar="PLACE", help="Go on where the list before ended.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="How many at most, the newest first.")] = 20,
    json: options.Json = False,
    socket: options.Socket = options.MANAGER,
) -> None:
    """List the newest jobs.

    \b
    Examples:
      clipmill jobs
      clipmill jobs --state failed --limit 100
      clipmill jobs --site video.example.org --reason 403
    """
    body = Manager(socket).ask(
        "jobs", state=state, sender=sender, site=site, service=service, reason=reason, after=after, limit=limit
    )
    if json:
        typer.echo(body)
    else:
        answer = manager.read(body, Jobs)
        console.output().print(_table(answer.jobs))
        if answer.next:
            typer.echo(f"clipmill: more with --after {answer.next}", err=True)


def _table(listed: Iterable[JobLine]) -> Table:
    rows = Table("job", "state", "heard of", "for", "steps", "files", "size", "what", box=None, pad_edge=False)
    rows.columns[0].no_wrap = True
    for job in listed:
        rows.add_row(
            job.job_id,
            plain(job.state),
            amounts.ago(job.updated_at),
            plain(job.sender or ""),
            f"{job.steps - job.open_steps} of {job.steps}",
            str(job.files),
            amounts.size(job.bytes),
            plain(what(job) + (f": {job.reason}" if job.reason else "")),
        )
    return rows


def what(job: JobLine) -> str:
    """What the job began with: its link, or the name of its file."""
    return job.link or (PurePosixPath(job.file_path).name if job.file_path else "")
