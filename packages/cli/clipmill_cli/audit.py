"""`clipmill audit`: who did what to the fleet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.table import Table

from clipmill_cli import amounts, console, manager, options
from clipmill_cli.answers import Audit, Deed
from clipmill_cli.console import plain
from clipmill_cli.manager import Manager

_MOST = 500


def audit(
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="How many at most, the newest first.")] = 20,
    json: options.Json = False,
    socket: options.Socket = options.MANAGER,
) -> None:
    """List what was done to the fleet, by whom: restarts, forgiven crashes, silences.

    \b
    Examples:
      clipmill audit
      clipmill audit --limit 100 --json
    """
    body = Manager(socket).ask("audit", limit=limit)
    if json:
        typer.echo(body)
    else:
        console.output().print(_table(manager.read(body, Audit).audit))


def _table(listed: Iterable[Deed]) -> Table:
    rows = Table("when", "who", "did", "to", "because", box=None, pad_edge=False)
    for deed in listed:
        rows.add_row(amounts.ago(deed.at), plain(deed.who), plain(deed.action), plain(deed.target), plain(deed.detail))
    return rows
