"""Whether the broker lets us in, and whether its queues are there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

from clipmill import consumer_timeout, topology
from clipmill.broker import RabbitBroker
from clipmill.pipeline import SERVICES
from clipmill.session import BrokerRefused, BrokerUnreachable, Session, SessionLost
from clipmill.settings import CREDENTIALS, BrokerAddress, Settings, load
from clipmill_cli.doctor.finding import Finding, ok, problem, unchecked, warning
from clipmill_cli.doctor.place import Place, by_root
from clipmill_cli.rabbitmq import here

CHECK = "broker"
SETUP = "sudo clipmill setup broker"

_LAST_BEFORE_4 = (3, 13)
"""RabbitMQ 4.0 takes over the data of 3.13 alone (docs/facts.md, 10)."""

_OLDEST = (3, 10)
"""Quorum queues dead-letter at least once from this version on."""


def check(settings: Settings, place: Place) -> Iterator[Finding]:
    """Findings on the handshake, the version and the queues."""
    if not place.is_installed and settings.broker == load({}).broker:
        yield unchecked(CHECK, "no fleet is installed here and BROKER_URL is not set; clipmill run needs no broker")
    else:
        yield from asyncio.run(_enter(settings.broker, settings.job_timeout))


async def _enter(address: BrokerAddress, job_timeout: float) -> list[Finding]:
    try:
        session = await RabbitBroker(address, client="clipmill doctor").open()
    except BrokerUnreachable as error:
        return [_unreachable(address, error)]
    except BrokerRefused as error:
        says = f"{address} refuses {address.user} on vhost {address.vhost}: {error}"
        return [problem(CHECK, says, _let_in())]
    try:
        limit = _limit(address, session.version, job_timeout)
        return [*_version(address, session.version), *limit, await _queues(session)]
    finally:
        await session.close()


def _version(address: BrokerAddress, version: str) -> Iterator[Finding]:
    yield ok(CHECK, f"RabbitMQ {version} at {address} lets {address.user} in on vhost {address.vhost}")
    if consumer_timeout.numbers(version) < _LAST_BEFORE_4 and here.is_ours(address.host):
        says = f"RabbitMQ {version}: an upgrade to Debian 13 does not take its queues over"
        yield warning(CHECK, says, "before it: sudo systemctl stop clipmill.target; sudo clipmill queues export FILE")
    if consumer_timeout.numbers(version) < _OLDEST:
        yield warning(CHECK, f"RabbitMQ {version} may lose what it dead-letters", "upgrade it to 3.10 or later")


def _limit(address: BrokerAddress, version: str, job_timeout: float) -> Iterator[Finding]:
    """How long the broker lets a worker hold a step; where its own setting can be seen, the policies' check says it."""
    text = consumer_timeout.warning(version, job_timeout)
    if text and not (by_root() and here.why_not(address) is None):
        says, _, remedy = text.partition(": ")
        yield warning(CHECK, says, remedy)


async def _queues(session: Session) -> Finding:
    # asking for one that is not there costs the session, and where one is missing the others are too
    for service in SERVICES:
        try:
            await session.depth(topology.work_queue(service))
        except SessionLost as error:
            says = f"{topology.work_queue(service)} cannot be looked at: {error}"
            return problem(CHECK, says, f"{SETUP}, or start the fleet, which declares its queues")
    return ok(CHECK, "its queues are there")


def _let_in() -> str:
    if CREDENTIALS.is_dir() and not os.access(CREDENTIALS, os.X_OK):
        return "the password is for group clipmill: sudo adduser $USER clipmill, then log in again"
    return f"{SETUP}, which sets vhost, users and passwords; or see to BROKER_URL"


def _unreachable(address: BrokerAddress, error: BrokerUnreachable) -> Finding:
    says = f"{address} cannot be reached: {error}"
    if here.is_ours(address.host):
        return problem(CHECK, says, "sudo systemctl start rabbitmq-server (sudo apt install rabbitmq-server)")
    return problem(CHECK, says, "see to the network and to the broker there, or correct BROKER_URL")
