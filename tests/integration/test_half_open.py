"""A connection whose other end has vanished without a word."""

import asyncio
import time

import pytest

from clipmill.broker import RabbitBroker
from clipmill.settings import BrokerAddress
from tests.integration.conftest import Brokers
from tests.rig import network
from tests.rig.broker import AMQP_PORT

pytestmark = pytest.mark.anyio


async def test_a_cut_network_is_noticed_within_30_s_and_the_way_back_is_found(rabbitmqs: Brokers) -> None:
    """No reset, no answer, no heartbeat; and the next session stands once the network does."""
    rabbitmq = rabbitmqs("4.0")
    address = BrokerAddress(host=rabbitmq.host, port=AMQP_PORT, vhost="/", user="guest", password="guest")
    broker = RabbitBroker(address)
    session = await broker.open()
    with network.cut(rabbitmq):
        start = time.monotonic()
        async with asyncio.timeout(60):
            await session.closed()
        assert time.monotonic() - start < 30
    await asyncio.wait_for(broker.reachable(), 10)
    await (await broker.open()).close()
