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
                _started.append(broker := stack.enter_context(Broker(version)))
                return broker

        yield start
    _started.clear()


_started: list[Broker] = []


@pytest.fixture(autouse=True)
def no_vhost_is_left() -> Iterator[None]:
    """Whatever vhosts a test has had made for itself are gone after it."""
    yield
    for broker in _started:
        broker.drop_vhosts()


@pytest.fixture(scope="session", params=list(RELEASE_OF))
def rabbitmq(request: pytest.FixtureRequest, rabbitmqs: Brokers) -> Broker:
    """RabbitMQ of Debian 12 and of Debian 13."""
    return rabbitmqs(request.param)
