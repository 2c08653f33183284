"""`clipmill dlq`: what the fleet has given up and a person decides: list it, look at it, try it again, drop it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any

import typer
from rich.table import Table

from clipmill import messages, settings
from clipmill.broker import RabbitBroker
from clipmill.parking_lot import Parked, ParkingLot
from clipmill.pipeline import SERVICES
from clipmill_cli import amounts, console, door, options
from clipmill_cli.console import plain
from clipmill_cli.output import as_json
from clipmill_cli.trouble import Status, Trouble

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="What was given up and waits for a person's decision. Needs root, or a BROKER_URL that may read the queues.",
)

Queue = Annotated[str | None, typer.Option(metavar="SERVICE", help="Only what this service gave up.")]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Only where reason or cause contains this.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="Ids of steps or of whole jobs.")]
All = Annotated[bool, typer.Option("--all", help="Everything that is parked.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]

Decide = Callable[[ParkingLot, Parked], Awaitable[None]]


@app.command("list")
def list_parked(queue: Queue = None, reason: Reason = None, json: options.Json = False) -> None:
    """List what is parked, with reasons."""
    found = asyncio.run(_look(_services(queue), reason=reason))
    if json:
        typer.echo(as_json([_told(parked) for parked in found]))
    else:
        console.output().print(_table(found))


@app.command()
def show(step: Annotated[str, typer.Argument(metavar="ID", help="The id of a step or of a job.")]) -> None:
    """Show parked steps whole, as JSON: the message, the reason, the cause."""
    found = asyncio.run(_look(SERVICES, ids=[step]))
    if not found:
        raise Trouble(f"nothing is parked under {step!r}; see `clipmill dlq list`")
    typer.echo(as_json([_told(parked) for parked in found]))


@app.command()
def retry(
    ids: Ids = None, queue: Queue = None, reason: Reason = None, everything: All = False, dry_run: DryRun = False
) -> None:
    """Have parked steps tried again, with all attempts before them.

    \b
    Examples:
      clipmill dlq retry 1f0c…/cutter/0
      clipmill dlq retry --queue download --reason "status 503" --dry-run
      clipmill dlq retry --all
    """
    chosen = _Choice(ids, queue, reason, everything)
    _tell("retried", asyncio.run(_decide(chosen, ParkingLot.retry, dry_run=dry_run, only_readable=True)), dry_run)


@app.command()
def drop(
    ids: Ids = None, queue: Queue = None, reason: Reason = None, everything: All = False, dry_run: DryRun = False
) -> None:
    """Forget parked steps; their senders were told when they were given up."""
    chosen = _Choice(ids, queue, reason, everything)
    _tell("dropped", asyncio.run(_decide(chosen, ParkingLot.drop, dry_run=dry_run)), dry_run)


class _Choice:
    """Which parked steps a command is about. Raises Trouble when nothing says so: never all by accident."""

    def __init__(self, ids: list[str] | None, queue: str | None, reason: str | None, everything: bool) -> None:
        if not (ids or queue or reason or everything):
            raise Trouble("say which: ids, --queue, --reason, or --all", Status.USAGE)
        self.ids, self.reason = ids, reason
        self.services = _services(queue)


def _services(queue: str | None) -> tuple[str, ...]:
    name = queue.split("_queue")[0] if queue else None
    if name is not None and name not in SERVICES:
        raise Trouble(f"no service named {queue!r}; there are: {', '.join(SERVICES)}", Status.USAGE)
    return (name,) if name else SERVICES


async def _look(services: tuple[str, ...], *, ids: list[str] | None = None, reason: str | None = None) -> list[Parked]:
    async with door.session(_broker()) as session, ParkingLot(session).open(services) as parked:
        return _matching(parked, ids, reason)


async def _decide(choice: _Choice, decide: Decide, *, dry_run: bool, only_readable: bool = False) -> list[Parked]:
    async with door.session(_broker()) as session:
        lot = ParkingLot(session)
        async with lot.open(choice.services) as parked:
            chosen = _matching(parked, choice.ids, choice.reason)
            chosen = [one for one in chosen if one.readable or not only_readable]
            for one in [] if dry_run else chosen:
                await decide(lot, one)
            return chosen


def _broker() -> RabbitBroker:
    return RabbitBroker(settings.load_for_operator().broker, client="clipmill dlq")


def _matching(parked: Iterable[Parked], ids: list[str] | None, reason: str | None) -> list[Parked]:
    return [
        one
        for one in parked
        if (not ids or one.step.id in ids or one.step.job_id in ids)
        and (reason is None or reason.lower() in f"{one.failure.cause} {one.failure.reason}".lower())
    ]


def _tell(done: str, chosen: list[Parked], dry_run: bool) -> None:
    for one in chosen:
        typer.echo(f"{one.step.id}: {'would be ' if dry_run else ''}{done} ({plain(one.failure.reason)})")
    if not chosen:
        console.messages().print("nothing that is parked matches")


def _table(found: list[Parked]) -> Table:
    rows = Table("step", "attempt", "submitted", "for", "cause", "reason", box=None, pad_edge=False)
    for one in found:
        step = one.step
        submitted = amounts.ago(step.submitted_at or None)
        sender, reason = plain(step.sender or ""), plain(one.failure.reason)
        rows.add_row(step.id, str(step.attempt), submitted, sender, one.failure.cause, reason)
    return rows


def _told(one: Parked) -> dict[str, Any]:
    return {
        "stepId": one.step.id,
        "jobId": one.step.job_id,
        "service": one.service,
        "cause": one.failure.cause,
        "reason": one.failure.reason,
        "permanent": one.failure.permanent,
        "message": messages.read_object(messages.write_step(one.step))
        if one.readable
        else one.delivery.body.decode(errors="replace"),
    }
