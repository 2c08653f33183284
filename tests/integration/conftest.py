"""Real brokers for the integration tests, one container per version and session."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.rig.broker import RELEASE_OF, Broker
from tests.rig.requirement import docker_required

Brokers = Callable[[str], Broker]


@pytest.fixture(scope="session")
def rabbitmqs() -> Iterator[Brokers]:
    """RabbitMQ by version, started when first asked for; shared, so a test takes a vhost of its own or `reset()`."""
    with ExitStack() as stack:

        @cache
        def start(version: str) -> Broker:
            with docker_required():
                return stack.enter_context(Broker(version))

        yield start


@pytest.fixture(scope="session", params=list(RELEASE_OF))
def rabbitmq(request: pytest.FixtureRequest, rabbitmqs: Brokers) -> Broker:
    """RabbitMQ of Debian 12 and of Debian 13."""
    return rabbitmqs(request.param)
