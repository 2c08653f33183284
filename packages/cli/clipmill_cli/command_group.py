"""The group of all commands: each module is imported when its command is asked for, and no error shows a traceback."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class CommandGroup(TyperGroup):
    """A group whose commands are named as `module:attribute`: a function, or the typer app of a group below."""

    modules: Mapping[str, str]

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer's base has its own name
        """The names, in the order in which they are to be listed."""
        return list(self.modules)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        """The command, imported now."""
        if cmd_name not in self.modules:
            return None
        command = get_command(_app(self.modules[cmd_name]))
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """As ever; `commands` is only looked at for a suggestion after a typing mistake."""
        self.commands = dict.fromkeys(self.modules, TyperCommand(None))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the command; whatever could be foreseen ends as one sentence."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            # imported here, since most commands end well and `--help` needs neither broker nor settings
            from clipmill_cli.trouble import explain

            trouble = explain(error)
            if trouble is None:
                raise
            typer.echo(f"clipmill: {trouble}", err=True)
            raise typer.Exit(trouble.status) from None


def _app(name: str) -> typer.Typer:
    module, _, attribute = name.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        return found
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command()(found)
    return app
