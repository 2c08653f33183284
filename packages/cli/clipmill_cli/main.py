"""The `clipmill` command: which commands there are."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from clipmill_cli.command_group import CommandGroup

_COMMANDS = {
    "submit": "clipmill_cli.submit:submit",
    "run": "clipmill_cli.run:run",
    "cut": "clipmill_cli.cut:cut",
    "get": "clipmill_cli.get:get",
    "status": "clipmill_cli.status:status",
    "workers": "clipmill_cli.workers:workers",
    "jobs": "clipmill_cli.jobs:jobs",
    "alerts": "clipmill_cli.alerts:alerts",
    "audit": "clipmill_cli.audit:audit",
    "cancel": "clipmill_cli.cancel:cancel",
    "dlq": "clipmill_cli.dlq:app",
    "apply": "clipmill_cli.apply:apply",
    "restart": "clipmill_cli.apply:restart",
    "queues": "clipmill_cli.queues:app",
    "setup": "clipmill_cli.setup:app",
    "doctor": "clipmill_cli.doctor:doctor",
}


class _Commands(CommandGroup):
    modules = _COMMANDS


app = typer.Typer(
    name="clipmill",
    cls=_Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"clipmill {version('clipmill-cli')}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A link goes in; parts short enough to send, a preview and a message come out.

    \b
    Examples:
      clipmill run holiday.mp4                    here and now, without a fleet
      clipmill cut film.mkv                       only into parts, at keyframes
      clipmill submit https://example.org/talk    by the fleet of this machine
      clipmill status                             how the fleet is
    """
