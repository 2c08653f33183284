"""Whether the broker holds what `clipmill setup broker` makes: users, policies, time limits. Only root sees that."""

from __future__ import annotations

from collections.abc import Iterator

from clipmill import consumer_timeout
from clipmill.settings import Settings
from clipmill_cli.doctor.broker import SETUP
from clipmill_cli.doctor.finding import Finding, ok, unchecked, warning
from clipmill_cli.doctor.place import Place, by_root
from clipmill_cli.rabbitmq import here, wording
from clipmill_cli.rabbitmq.accounts import read_fleet
from clipmill_cli.rabbitmq.difference import difference
from clipmill_cli.rabbitmq.rabbitmqctl import RabbitmqCtl
from clipmill_cli.rabbitmq.snapshot import Door
from clipmill_cli.rabbitmq.wanted import Fleet, definitions
from clipmill_cli.trouble import Trouble

CHECK = "policies"


def check(settings: Settings, place: Place) -> Iterator[Finding]:
    """Findings by way of rabbitmqctl, or why there are none."""
    # root first: rabbitmqctl lies in /usr/sbin, which a person's PATH may not have
    if not by_root():
        yield unchecked(CHECK, "root alone can see them, on the broker's own host", "sudo clipmill doctor")
    elif reason := here.why_not(settings.broker):
        yield unchecked(CHECK, f"they can be seen on the broker's own host alone: {reason}")
    else:
        try:
            yield from inspect(RabbitmqCtl(), read_fleet(place.env_file, place.credentials))
        except Trouble as trouble:
            yield unchecked(CHECK, str(trouble))


def inspect(door: Door, fleet: Fleet) -> Iterator[Finding]:
    """Findings on what setting the broker up would change, or could not. Raises Trouble."""
    current = door.read()
    found = difference(definitions(fleet, current), current)
    lacking = wording.changes(found, made="missing", changed="outdated")
    troubles = [*lacking, *wording.warnings(found)]
    yield from (warning(CHECK, text, SETUP) for text in troubles)
    node = None if consumer_timeout.is_per_queue(current.version) else door.consumer_timeout()
    if text := consumer_timeout.warning(current.version, max(fleet.job_timeouts.values()), node):
        says, _, remedy = text.partition(": ")
        yield warning(CHECK, says, remedy)
    elif not troubles:
        yield ok(CHECK, "users, policies and time limits are as the fleet needs them")
