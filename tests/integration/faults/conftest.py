"""A fleet on each RabbitMQ."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.faults.fleet import Fleet, fleet_on
from tests.rig.broker import Broker


@pytest.fixture
async def fleet(rabbitmq: Broker, tmp_path: Path) -> AsyncIterator[Fleet]:
    """On a vhost of its own of RabbitMQ 3.10 and of 4.0."""
    async with fleet_on(rabbitmq.new_vhost("quorum"), tmp_path) as fleet:
        yield fleet
