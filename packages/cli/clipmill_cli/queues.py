"""`clipmill queues`: what waits where, and for how long."""

from __future__ import annotations

from collections.abc import Iterable

import typer
from rich.table import Table

from clipmill_cli import amounts, console, manager, options, queue_transfer
from clipmill_cli.answers import QueueLine, Queues
from clipmill_cli.console import plain
from clipmill_cli.manager import Manager

app = typer.Typer(
    rich_markup_mode=None, invoke_without_command=True, add_completion=False, subcommand_metavar="[COMMAND [FILE]]"
)
app.command("export")(queue_transfer.export)
app.command("import")(queue_transfer.import_)


@app.callback()
def queues(context: typer.Context, json: options.Json = False, socket: options.Socket = options.MANAGER) -> None:
    """List the queues: what waits, who can take it, how long it will last. Or take it to another broker.

    \b
    Examples:
      clipmill queues
      clipmill queues --json
    """
    if context.invoked_subcommand:
        return
    body = Manager(socket).ask("queues")
    if json:
        typer.echo(body)
    else:
        console.output().print(_table(manager.read(body, Queues).queues))


def _table(listed: Iterable[QueueLine]) -> Table:
    rows = Table("queue", "for", "waiting", "workers", "empty in", box=None, pad_edge=False)
    for queue in listed:
        workers = "" if queue.workers is None else str(queue.workers)
        rows.add_row(plain(queue.name), plain(queue.kind), str(queue.depth), workers, _lasts(queue))
    return rows


def _lasts(queue: QueueLine) -> str:
    if not queue.depth or queue.workers is None:
        return ""
    return "nothing moves" if queue.seconds_to_empty is None else amounts.duration(queue.seconds_to_empty)
