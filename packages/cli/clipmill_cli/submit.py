"""`clipmill submit`: each link or file becomes a job of the fleet."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from clipmill import identifiers, settings
from clipmill_cli import console, options, origin, summary
from clipmill_cli.order import Order, read_pipeline
from clipmill_cli.output import as_json
from clipmill_cli.submission import Submission
from clipmill_cli.trouble import Status


def submit(
    what: options.What,
    to: Annotated[str | None, typer.Option(metavar="NAME", help="Who is told how the job ended.")] = None,
    noreply: Annotated[bool, typer.Option("--noreply", help="Name the files to them, but attach none.")] = False,
    pipeline: options.PipelineText = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all is over, with a progress bar a step.")] = False,
    json: options.Json = False,
) -> None:
    """Hand links and files to the fleet.

    Each becomes a job, whose id is printed. With --wait the files are printed at the end, and it exits with 0 when all
    is done, 1 when nothing came of it, 3 when some files are there and something went wrong, 130 after Ctrl-C (the
    jobs go on).

    \b
    Examples:
      clipmill submit https://example.org/talk
      clipmill submit holiday.mp4 --to ana --wait
      clipmill submit *.mp4 --pipeline preview
      job=$(clipmill submit https://example.org/talk); clipmill status $job
    """
    tiers = read_pipeline(pipeline)
    orders = [
        Order(job_id=identifiers.new_job_id(), origin=found, pipeline=tiers, sender=to, noreply=noreply)
        for found in origin.read(what)
    ]
    submission = Submission(orders, settings.load_for_person(), wait=wait)
    try:
        asyncio.run(submission.carry_out())
    except KeyboardInterrupt:
        raise typer.Exit(Status.INTERRUPTED) from None
    finally:
        _tell(submission, json=json)
    raise typer.Exit(submission.exit_status)


def _tell(submission: Submission, *, json: bool) -> None:
    """What there is to tell, also when it was interrupted: a job that was taken goes on."""
    if json:
        typer.echo(as_json({"jobs": [submission.told(order) for order in submission.taken]}))
        return
    for order in submission.taken:
        tree = submission.tree(order)
        typer.echo("\n".join(summary.lines(tree, submission.store.root)) if tree else order.job_id)
    going_on = [order.job_id for order in submission.taken if not submission.tree(order)]
    if going_on:
        console.messages().print(f"follow it: clipmill status {going_on[-1]}", soft_wrap=True)
