"""`clipmill cancel`: tells the whole fleet that nobody wants a job any longer."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from clipmill import cancellation, identifiers, settings
from clipmill.broker import RabbitBroker
from clipmill_cli import door
from clipmill_cli.trouble import Status, Trouble


def cancel(jobs: Annotated[list[str], typer.Argument(metavar="JOB…", help="The ids of jobs.")]) -> None:
    """Cancel jobs: what runs is stopped at once, what waits never starts.

    Files that were finished before stay. A job that is over already does not change.

    \b
    Example:
      clipmill cancel 1f0c7a…
    """
    wrong = [job for job in jobs if not identifiers.is_job_id(job)]
    if wrong:
        raise Trouble(f"no id of a job: {', '.join(map(repr, wrong))}", Status.USAGE)
    asyncio.run(_cancel(jobs))
    typer.echo("\n".join(f"{job}: cancelled" for job in jobs))


async def _cancel(jobs: list[str]) -> None:
    async with door.session(RabbitBroker(settings.load_for_person().broker, client="clipmill cancel")) as session:
        await session.publish(*map(cancellation.cancel, jobs))
