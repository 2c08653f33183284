"""A fleet that shares its broker with those of other tests: a vhost and users of its own, and ways in."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pika
from pika.adapters.blocking_connection import BlockingChannel

from clipmill import topology
from clipmill.broker import RabbitBroker, RabbitSession
from clipmill.pipeline import SERVICES
from clipmill.settings import BrokerAddress
from clipmill_cli.rabbitmq.snapshot import Definitions, Door
from clipmill_cli.rabbitmq.wanted import Account, Fleet, fleet_account, submit_account
from tests.rig.broker import AMQP_PORT, Broker


def new_fleet() -> Fleet:
    """With a name that no other test has."""
    mark = secrets.token_hex(4)
    people = submit_account("secret-of-people")
    return Fleet(
        vhost=f"clips-{mark}",
        accounts=(fleet_account(f"fleet-{mark}", "secret-of-fleet"), replace(people, name=f"people-{mark}")),
        topology=topology.fleet_topology(SERVICES),
        job_timeouts=steps_of(7200),
    )


def steps_of(seconds: float) -> dict[str, float]:
    """Each service's steps may take so long."""
    return {topology.work_queue(service): seconds for service in SERVICES}


def address(broker: Broker, fleet: Fleet, account: Account) -> BrokerAddress:
    """Where this account of the fleet gets in."""
    return BrokerAddress(
        host=broker.host, port=AMQP_PORT, vhost=fleet.vhost, user=account.name, password=account.password
    )


async def open_session(broker: Broker, fleet: Fleet, account: Account) -> RabbitSession:
    """A session of ours."""
    return await RabbitBroker(address(broker, fleet, account)).open()


@contextmanager
def channel(broker: Broker, fleet: Fleet, account: Account) -> Iterator[BlockingChannel]:
    """A channel of a client that knows nothing of us."""
    connection = pika.BlockingConnection(pika.URLParameters(address(broker, fleet, account).url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def of_vhost(door: Door, fleet: Fleet) -> Definitions:
    """What the broker holds on the fleet's vhost."""
    whole = door.read().definitions
    return {
        section: sorted((item for item in whole[section] if item["vhost"] == fleet.vhost), key=str)
        for section in ("permissions", "policies", "exchanges", "queues", "bindings")
    }
