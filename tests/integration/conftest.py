"""Real brokers for the integration tests, one container per version and session."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import NoReturn

import pytest

from tests.rig.broker import RELEASE_OF, Broker
from tests.rig.daemon import NoDocker

Brokers = Callable[[str], Broker]


@pytest.fixture(scope="session")
def rabbitmqs() -> Iterator[Brokers]:
    """RabbitMQ by version, started when first asked for; shared, so a test takes a vhost of its own or `reset()`."""
    with ExitStack() as stack:

        @cache
        def start(version: str) -> Broker:
            try:
                return stack.enter_context(Broker(version))
            except NoDocker as why:
                _missing(str(why))

        yield start


@pytest.fixture(scope="session", params=list(RELEASE_OF))
def rabbitmq(request: pytest.FixtureRequest, rabbitmqs: Brokers) -> Broker:
    """RabbitMQ of Debian 12 and of Debian 13."""
    return rabbitmqs(request.param)


def _missing(why: str) -> NoReturn:
    """A laptop may lack Docker; CI may not, or a green run would mean nothing."""
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
