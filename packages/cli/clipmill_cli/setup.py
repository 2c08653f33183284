"""`clipmill setup`: makes ready what the fleet stands on."""

from __future__ import annotations

import typer

from clipmill_cli.setup_broker import setup_broker

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
app.command("broker")(setup_broker)


@app.callback()
def setup() -> None:
    """Make ready what the fleet stands on."""
