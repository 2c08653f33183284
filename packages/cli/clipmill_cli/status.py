"""`clipmill status`: the fleet at a glance, or one job with its tree."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
import typer

from clipmill import settings
from clipmill.store import Store
from clipmill_cli import console, fleet_glance, harvest, job_glance, job_id, manager, options
from clipmill_cli.answers import Fleet, Job
from clipmill_cli.manager import Manager, ManagerDown
from clipmill_cli.output import as_json
from clipmill_cli.trouble import Status


def status(
    job: Annotated[str | None, typer.Argument(metavar="JOB", help="The id of a job.")] = None,
    json: options.Json = False,
    socket: options.Socket = options.MANAGER,
) -> None:
    """Show how the fleet is, or a job.

    The fleet, the broker and the queues at a glance; or a job with its steps, their files, and reasons.

    \b
    Examples:
      clipmill status
      clipmill status 0b9c1d2e3f4a5b6c7d8e9f0a1b2c3d4e
      clipmill status --json
    """
    if job is None:
        _fleet(Manager(socket), json=json)
    else:
        _job(Manager(socket), job_id.check(job), json=json)


def _fleet(asked: Manager, *, json: bool) -> None:
    try:
        body = asked.ask("fleet")
    except ManagerDown as down:
        typer.echo(f"clipmill: {down}", err=True)
        _without_manager(down, json=json)
        raise typer.Exit(Status.UNAVAILABLE) from None
    if json:
        typer.echo(body)
    else:
        console.output().print(fleet_glance.picture(manager.read(body, Fleet)))


def _job(asked: Manager, job: str, *, json: bool) -> None:
    try:
        body = asked.ask("jobs", job)
    except ManagerDown as down:
        typer.echo(f"clipmill: {down}\nwhat the store has of the job:", err=True)
        _from_store(job, json=json)
        raise typer.Exit(Status.UNAVAILABLE) from None
    if json:
        typer.echo(body)
    else:
        console.output().print(job_glance.picture(manager.read(body, Job), _store().root))


def _without_manager(down: ManagerDown, *, json: bool) -> None:
    """What can be known all the same: the broker, and what waits in its queues."""
    from clipmill_cli import broker_glance  # pika is not loaded while the manager answers

    seen = asyncio.run(broker_glance.look(settings.load_for_person()))
    if json:
        typer.echo(as_json({"manager": str(down), "broker": seen}))
    else:
        console.output().print(broker_glance.picture(seen))


def _from_store(job: str, *, json: bool) -> None:
    """What can be known all the same: the files that the store holds."""
    crops = harvest.gather(_store(), job)
    if json:
        typer.echo(as_json({"jobId": job, "artifacts": [msgspec.to_builtins(crop.artifact) for crop in crops]}))
    else:
        console.output().print(job_glance.files(crops))


def _store() -> Store:
    return Store(settings.load_for_person().store)
