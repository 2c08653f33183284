"""The manager on a real broker: events that wait for it, queues that it looks at, a broker that goes and comes."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from clipmill import messages, topology
from clipmill import settings as settings_module
from clipmill.broker import RabbitBroker
from clipmill.session import Publication, Session
from clipmill.settings import Settings
from tests.integration.manager.asking import ask_until
from tests.integration.manager.conftest import at_work, tell
from tests.rig.broker import RELEASE_OF
from tests.rig.broker import Broker as RabbitContainer
from tests.unit.manager.telling import error, heartbeat, result

pytestmark = pytest.mark.anyio

NOW = messages.now() - 60_000


@pytest.fixture(params=list(RELEASE_OF))
def container(request: pytest.FixtureRequest, rabbitmqs: Callable[[str], RabbitContainer]) -> RabbitContainer:
    return rabbitmqs(request.param)


@pytest.fixture
def rabbit(container: RabbitContainer) -> RabbitBroker:
    """A fresh vhost."""
    return RabbitBroker(settings_module.load({"BROKER_URL": container.new_vhost()}).broker)


@pytest.fixture
async def publisher(rabbit: RabbitBroker) -> AsyncIterator[Session]:
    session = await rabbit.open()
    await session.declare(topology.fleet_topology(("download", "cutter", "preview")))
    yield session
    await session.close()


async def test_what_came_while_it_was_down_is_in_the_history_and_the_depths_are_the_brokers(
    settings: Settings, rabbit: RabbitBroker, publisher: Session
) -> None:
    await tell(publisher, *(result(NOW + number, f"job{number}/download/0") for number in range(40)))
    await tell(publisher, error(NOW, "jobx/download/0", "404"), heartbeat(NOW, "idle"))
    await publisher.publish(Publication(exchange=topology.JOBS, routing_key="cutter", body=b"{}"))
    async with at_work(settings, rabbit) as socket:
        fleet = await ask_until(
            socket,
            "/api/fleet",
            lambda fleet: fleet["jobs"]["succeeded"] == 40 and _depths(fleet).get("history") == 0,
        )
        assert fleet["jobs"]["failed"] == 1
        assert _depths(fleet)["cutter_queue"] == 1
        assert fleet["broker"]["version"] == publisher.version


async def test_a_broker_that_goes_and_comes_is_seen_to_do_so(
    settings: Settings, rabbit: RabbitBroker, container: RabbitContainer
) -> None:
    async with at_work(settings, rabbit) as socket:
        await ask_until(socket, "/api/fleet", lambda fleet: fleet["broker"]["connected"])
        container.stop()
        await ask_until(socket, "/api/fleet", lambda fleet: not fleet["broker"]["connected"])
        container.start()
        await ask_until(socket, "/api/fleet", lambda fleet: fleet["broker"]["connected"], seconds=60)


def _depths(fleet: dict[str, Any]) -> dict[str, int]:
    return {queue["name"]: queue["depth"] for queue in fleet["broker"]["queues"]}
