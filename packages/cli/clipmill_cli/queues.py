"""`clipmill queues`: what waits where, and for how long."""

from __future__ import annotations

from collections.abc import Iterable

import typer
from rich.table import Table

from clipmill_cli import amounts, console, manager, options
from clipmill_cli.answers import QueueLine, Queues
from clipmill_cli.console import plain
from clipmill_cli.manager import Manager


def queues(json: options.Json = False, socket: options.Socket = options.MANAGER) -> None:
    """List the queues: what waits, who can take it, how long it will last.

    \b
    Examples:
      clipmill queues
      clipmill queues --json
    """
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
