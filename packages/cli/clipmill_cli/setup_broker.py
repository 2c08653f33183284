"""`clipmill setup broker`: makes a RabbitMQ ready for the fleet; where all is in place it changes nothing."""

from __future__ import annotations

import asyncio
import os
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from clipmill import consumer_timeout, topology
from clipmill.pipeline import SERVICES
from clipmill.settings import CREDENTIALS, ENV_FILE, load
from clipmill_cli.rabbitmq import here, wording
from clipmill_cli.rabbitmq.accounts import read_fleet, read_settings
from clipmill_cli.rabbitmq.difference import difference
from clipmill_cli.rabbitmq.management import Management
from clipmill_cli.rabbitmq.rabbitmqctl import RabbitmqCtl
from clipmill_cli.rabbitmq.snapshot import Door
from clipmill_cli.rabbitmq.wanted import Fleet, definitions
from clipmill_cli.trouble import Status, Trouble


def setup_broker(
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL]",
            help="http(s)://ADMIN@HOST:15672 (the management plugin), or amqp(s)://… to declare the queues only."
            " [default: the broker of this machine, as root]",
        ),
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="The broker of this machine; where there is none, say so and be content.")
    ] = False,
    credentials: Annotated[
        Path, typer.Option(metavar="DIRECTORY", readable=False, help="Where the passwords of the two users are.")
    ] = CREDENTIALS,
    env_file: Annotated[
        Path, typer.Option("--settings", metavar="FILE", readable=False, help="The fleet's settings.")
    ] = ENV_FILE,
) -> None:
    """Make a RabbitMQ ready: vhost, users, policies, exchanges, queues.

    It says in a line each what it changed, and changes nothing where all is in place. An administrator's password
    that is missing from the URL is asked for: on the command line others on this machine could read it.

    \b
    Examples:
      sudo clipmill setup broker
      sudo clipmill setup broker http://admin@rabbit.example.org:15672
      clipmill setup broker amqp://me:secret@rabbit.example.org/clips
    """
    if url is None:
        set_up_here(env_file, credentials, content_without=local)
    elif urllib.parse.urlsplit(url).scheme in ("amqp", "amqps"):
        asyncio.run(declare(url))
    else:
        tell(make_ready(Management(_with_password(url)), read_fleet(env_file, credentials)))


def set_up_here(env_file: Path, credentials: Path, *, content_without: bool) -> None:
    """Make the broker of this machine ready. Raises Trouble; without a broker only unless `content_without` one."""
    address = read_settings(env_file, credentials).broker
    if reason := here.why_not(address):
        if not content_without:
            raise Trouble(f"no local broker: {reason}; for one elsewhere give its URL", Status.UNAVAILABLE)
        typer.echo(f"no local broker: {reason}")
        return
    if os.geteuid():
        raise Trouble("rabbitmqctl works for root only: sudo clipmill setup broker")
    tell(make_ready(RabbitmqCtl(), read_fleet(env_file, credentials)))


def make_ready(door: Door, fleet: Fleet) -> Iterator[str]:
    """Bring the broker behind `door` to what the fleet needs; what was changed, and warnings, as lines. Raises Trouble.

    Everything is read in one call and what is missing written in another, for each call of rabbitmqctl costs a second.
    """
    current = door.read()
    found = difference(definitions(fleet, current), current)
    if found.missing:
        door.write(found.missing)
        yield from wording.changes(found)
    else:
        yield "nothing to do"
    yield from (f"warning: {text}" for text in wording.warnings(found))
    node = None if consumer_timeout.is_per_queue(current.version) else door.consumer_timeout()
    if text := consumer_timeout.warning(current.version, max(fleet.job_timeouts.values()), node):
        yield f"warning: {text}"


async def declare(url: str) -> None:
    """Declare what is missing, with arguments: all that can be done without an administrator. Raises Trouble."""
    # imported here: the way that each start of the broker goes needs no AMQP
    from clipmill.broker import RabbitBroker
    from clipmill_cli import door

    given = load({"BROKER_URL": url})
    whole = topology.fleet_topology(SERVICES, job_timeout=given.job_timeout)
    async with door.session(RabbitBroker(given.broker)) as session:
        await session.declare(whole)
        limit = consumer_timeout.warning(session.version, given.job_timeout)
    typer.echo(f"declared what was missing of {len(whole.exchanges)} exchanges and {len(whole.queues)} queues")
    warnings = ["users and policies take an administrator (http://ADMIN@HOST:15672)", *filter(None, [limit])]
    tell(f"warning: {text}" for text in warnings)


def tell(lines: Iterator[str]) -> None:
    """Each line as it comes; warnings to standard error."""
    for line in lines:
        typer.echo(line, err=line.startswith("warning: "))


def _with_password(url: str) -> str:
    """The URL of the management plugin, with a password. Raises Trouble."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Trouble(f"{url} is no address of a broker: write http://ADMIN@HOST:15672, or amqp://…", Status.USAGE)
    if parts.password is not None:
        return url
    user = parts.username or "guest"
    password = urllib.parse.quote(typer.prompt(f"Password of {user}", hide_input=True, err=True), safe="")
    return parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()
