"""`clipmill alerts`: what is wrong with the fleet, and a silence for what is known to be."""

from __future__ import annotations

import getpass
import re
from collections.abc import Iterable
from typing import Annotated

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.table import Table

from clipmill import messages
from clipmill_cli import amounts, console, manager, options
from clipmill_cli.answers import Alert, Alerts, RuleView, Silence
from clipmill_cli.console import plain
from clipmill_cli.manager import Manager
from clipmill_cli.trouble import Trouble

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def alerts(
    rules: Annotated[bool, typer.Option("--rules", help="Show the rules, and what each measures.")] = False,
    silence: Annotated[str | None, typer.Option(metavar="RULE", help="Tell nobody of this rule for a while.")] = None,
    subject: Annotated[str | None, typer.Option(help="With --silence: only about this worker, queue or site.")] = None,
    duration: Annotated[
        str, typer.Option("--for", metavar="TIME", help="With --silence: 30m, 2h, 1d; 0s ends it.")
    ] = "2h",
    json: options.Json = False,
    socket: options.Socket = options.MANAGER,
) -> None:
    """Show what is wrong; or silence a rule until a time.

    \b
    Examples:
      clipmill alerts
      clipmill alerts --silence site-fails --subject video.example.org --for 1d
      clipmill alerts --rules
    """
    asked = Manager(socket)
    body = (
        asked.ask("alerts")
        if silence is None
        else asked.tell(_silence(silence, subject, duration), "alerts", "silence")
    )
    if json:
        typer.echo(body)
    else:
        answer = manager.read(body, Alerts)
        console.output().print(_rules(answer.rules) if rules else picture(answer))


def picture(answer: Alerts) -> RenderableType:
    """For people: what fires, and what is silenced."""
    lines: list[RenderableType] = [_table(answer.alerts) if answer.alerts else "all is well"]
    lines += [_silenced(one) for one in answer.silences]
    if answer.unsent:
        lines.append(f"{amounts.count(answer.unsent, 'alert')} still to be told: the broker has not taken them yet")
    return Group(*lines)


def _silence(rule: str, subject: str | None, duration: str) -> bytes:
    match = re.fullmatch(r"(\d{1,6})\s*([smhd])", duration.strip(), re.ASCII)
    if match is None:
        raise Trouble(f"{duration!r} is no length of time; write 30m, 2h or 1d")
    asked = {"rule": rule, "subject": subject, "milliseconds": int(match[1]) * _UNITS[match[2]]}
    return msgspec.json.encode(asked | {"who": getpass.getuser()})


def _table(listed: Iterable[Alert]) -> Table:
    rows = Table("alert", "severity", "about", "since", "what", box=None, pad_edge=False)
    for alert in listed:
        state = "" if alert.state == "firing" else " (not for long enough yet)"
        silenced = " (silenced)" if alert.silenced else ""
        rows.add_row(
            plain(alert.rule),
            plain(alert.severity),
            plain(alert.subject),
            amounts.ago(alert.since),
            plain(alert.text) + state + silenced,
        )
    return rows


def _rules(listed: Iterable[RuleView]) -> Table:
    rows = Table("rule", "severity", "above", "for", "measures", box=None, pad_edge=False)
    for one in listed:
        rule = one.rule
        hold = amounts.duration(rule.hold / 1000) if rule.hold else ""
        rows.add_row(plain(rule.name), plain(rule.severity), f"{rule.above:g}", hold, plain(one.unit))
    return rows


def _silenced(silence: Silence) -> str:
    left = amounts.duration((silence.until - messages.now()) / 1000)
    return f"{plain(silence.rule)} ({plain(silence.subject or 'all')}) is silenced for {left} by {plain(silence.who)}"
