"""Real brokers for the integration tests, one container per version and session."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.rig.broker import RELEASE_OF, Broker
from tests.rig.daemon import NoDocker


@pytest.fixture(scope="session", params=list(RELEASE_OF))
def rabbitmq(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """RabbitMQ of Debian 12 and of Debian 13; tests share it, so they use queues or vhosts of their own or `reset()`."""
    with ExitStack() as stack:
        try:
            broker = stack.enter_context(Broker(request.param))
        except NoDocker as why:
            _missing(str(why))
        yield broker


def _missing(why: str) -> None:
    """A laptop may lack Docker; CI may not, or a green run would mean nothing."""
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
