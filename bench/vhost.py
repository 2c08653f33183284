"""A vhost of its own for each measurement, removed afterwards with all that lies in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.rig.broker import Broker


@contextmanager
def vhost(broker: Broker) -> Iterator[str]:
    """Its AMQP URL; a queue that is declared without a type is a quorum queue there."""
    yield broker.new_vhost("quorum")
    broker.drop_vhosts()
