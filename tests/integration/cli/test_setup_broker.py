"""`clipmill setup broker` on RabbitMQ 3.10 and 4.0: what it makes, and how queues and users then behave."""

import asyncio
import logging
import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from clipmill import topology
from clipmill.session import BrokerRefused, Publication
from clipmill.topology import Binding, Queue, Topology
from clipmill_cli import setup_broker
from clipmill_cli.rabbitmq.management import Management
from clipmill_cli.rabbitmq.rabbitmqctl import RabbitmqCtl
from clipmill_cli.rabbitmq.snapshot import Door
from clipmill_cli.rabbitmq.wanted import Account, Fleet
from clipmill_cli.trouble import Trouble
from tests.integration.cli.fleet import address, channel, new_fleet, of_vhost, open_session, steps_of
from tests.rig.broker import AMQP_PORT, Broker
from tests.rig.deadline import until

At = Callable[[Account], AbstractContextManager[BlockingChannel]]
Brokers = Callable[[str], Broker]

WORK, DEAD, PARKED = "download_queue", "download_queue_dlq", "download_queue_parked"
TIMEOUT_IS_THE_NODES = "takes a step away from its worker after consumer_timeout"


def made_ready(door: Door, fleet: Fleet) -> list[str]:
    """What `clipmill setup broker` says, but for the one thing that 3.10 cannot do."""
    return [line for line in setup_broker.make_ready(door, fleet) if TIMEOUT_IS_THE_NODES not in line]


@pytest.fixture(scope="module")
def ready(rabbitmq: Broker) -> Fleet:
    """A fleet for which the broker is ready."""
    fleet = new_fleet()
    made_ready(Management(rabbitmq.management_url), fleet)
    return fleet


# rabbitmqctl as if the broker ran here: the one in the container, which gets a copy of each file that is named to it
RABBITMQCTL = """#!/bin/sh
for word in "$@"; do
    if [ -f "$word" ]; then
        docker cp --quiet "$word" "{container}:$word" && docker exec {container} chown rabbitmq "$word"
    fi
done
exec docker exec {container} rabbitmqctl "$@"
"""


@pytest.fixture
def fleet() -> Fleet:
    """A fleet for which the broker is not ready."""
    return new_fleet()


@pytest.fixture
def rabbitmqctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Broker], Door]:
    """The door on the broker's own host."""

    def open_(broker: Broker) -> Door:
        container = shlex.quote(broker._container.get_wrapped_container().id)
        program = tmp_path / "rabbitmqctl"
        program.write_text(RABBITMQCTL.format(container=container))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        return RabbitmqCtl()

    return open_


@pytest.fixture(params=["rabbitmqctl", "management"])
def door(request: pytest.FixtureRequest, rabbitmq: Broker, rabbitmqctl: Callable[[Broker], Door]) -> Door:
    """Both ways into both brokers."""
    return rabbitmqctl(rabbitmq) if request.param == "rabbitmqctl" else Management(rabbitmq.management_url)


@pytest.fixture
def at(request: pytest.FixtureRequest, rabbitmq: Broker) -> At:
    """A way in, as an account of the fleet that the test uses."""
    name = "ready" if "ready" in request.fixturenames else "fleet"
    return lambda account: channel(rabbitmq, request.getfixturevalue(name), account)


def got(channel: BlockingChannel, queue: str) -> Any:
    """A message of a queue, or None."""
    found = channel.basic_get(queue)
    return found if found[0] else None


async def declare_as_a_worker(broker: Broker, fleet: Fleet) -> None:
    """What a download worker does at its start."""
    session = await open_session(broker, fleet, fleet.accounts[0])
    await session.declare(topology.service_topology("download"))
    await session.close()


def tapped(channel: BlockingChannel, exchange: str) -> None:
    """A queue of one's own on an exchange."""
    channel.queue_declare("wait.tap", arguments={"x-queue-type": "classic"}, durable=True)
    channel.queue_bind("wait.tap", exchange, "download")


# what it changes


def test_a_bare_broker_is_made_ready_and_a_second_run_changes_nothing(door: Door, fleet: Fleet) -> None:
    first, second = made_ready(door, fleet), made_ready(door, fleet)
    assert [line.split(":")[0].rstrip("s") for line in first] == [
        "made vhost",
        "made 2 user",
        "made permissions of",
        f"made {len(of_vhost(door, fleet)['policies'])} policie",
        f"made {len(fleet.topology.exchanges)} exchange",
        f"made {len(fleet.topology.queues)} queue",
        f"made {len(fleet.topology.bindings)} binding",
    ]
    assert second == ["nothing to do"]


def test_what_somebody_changed_is_put_back_and_nothing_else(ready: Fleet, rabbitmq: Broker) -> None:
    rabbitmq.ctl("set_policy", "-p", ready.vhost, "--apply-to", "queues", WORK, ".*", '{"delivery-limit":1}')
    rabbitmq.ctl("change_password", ready.accounts[0].name, "another")
    rabbitmq.ctl("set_permissions", "-p", ready.vhost, ready.accounts[1].name, ".*", ".*", ".*")
    assert made_ready(Management(rabbitmq.management_url), ready) == [
        f"changed user: {ready.accounts[0].name}",
        f"changed permissions of: {ready.accounts[1].name}",
        f"changed policy: {WORK}",
    ]


def test_a_changed_time_limit_changes_the_policies_of_the_work_queues(fleet: Fleet, rabbitmqs: Brokers) -> None:
    door = Management(rabbitmqs("4.0").management_url)
    made_ready(door, fleet)
    changed = "changed 3 policies: download_queue, cutter_queue, preview_queue"
    assert made_ready(door, replace(fleet, job_timeouts=steps_of(60))) == [changed]


def test_a_queue_that_stands_with_arguments_is_kept_and_told_each_time(door: Door, fleet: Fleet, at: At) -> None:
    whole = fleet.topology
    made_ready(door, replace(fleet, topology=Topology()))
    with at(fleet.accounts[0]) as channel:
        channel.queue_declare(WORK, durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": 3})
    first, second = made_ready(door, replace(fleet, topology=whole)), made_ready(door, fleet)
    assert first[-1] == second[-1]
    assert f"queue {WORK} was declared with x-delivery-limit=3, x-queue-type=quorum and is kept" in second[-1]
    assert second[0] == "nothing to do"


def test_a_vhost_that_stands_without_default_queue_type_is_mended_or_told(door: Door, fleet: Fleet) -> None:
    door.write({"vhosts": [{"name": fleet.vhost, "metadata": {"description": "", "tags": []}}]})
    first, second = made_ready(door, fleet), made_ready(door, fleet)
    if topology.major(door.read().version) < 4:
        assert "without the default queue type quorum" in second[-1]
        assert len(second) == 2
    else:
        assert f"changed vhost: {fleet.vhost}" in first
        assert second == ["nothing to do"]


def test_only_a_broker_that_has_the_nodes_timeout_alone_is_warned_of_it(
    rabbitmqs: Brokers, rabbitmqctl: Callable[[Broker], Door], fleet: Fleet
) -> None:
    old, new = rabbitmqs("3.10"), rabbitmqs("4.0")
    assert "(1800 s now)" in list(setup_broker.make_ready(rabbitmqctl(old), fleet))[-1]
    assert "(30 min by default)" in list(setup_broker.make_ready(Management(old.management_url), fleet))[-1]
    # 1800 s are enough for these steps
    assert list(setup_broker.make_ready(rabbitmqctl(old), replace(fleet, job_timeouts=steps_of(600)))) == [
        "nothing to do"
    ]
    assert not any(
        TIMEOUT_IS_THE_NODES in line for line in setup_broker.make_ready(Management(new.management_url), fleet)
    )


# what queues do then


def test_an_old_clients_plain_durable_declare_passes(ready: Fleet, at: At) -> None:
    with at(ready.accounts[0]) as channel:
        for name in (WORK, DEAD, PARKED):
            channel.queue_declare(name, durable=True)


def test_the_workers_declare_leaves_all_as_it_is_without_a_warning(
    ready: Fleet, rabbitmq: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    door = Management(rabbitmq.management_url)
    before = of_vhost(door, ready)
    with caplog.at_level(logging.WARNING):
        asyncio.run(declare_as_a_worker(rabbitmq, ready))
    assert not caplog.records
    assert of_vhost(door, ready) == before


def test_a_message_over_its_delivery_limit_lands_in_the_dead_letters(ready: Fleet, at: At) -> None:
    with at(ready.accounts[0]) as channel:
        channel.basic_publish("jobs", "download", b"poison", mandatory=True)
        for _ in range(11):
            method, _, _ = until(lambda: got(channel, WORK), what="the message")
            channel.basic_nack(method.delivery_tag)
        method, properties, body = until(lambda: got(channel, DEAD), what="the dead letter")
        channel.basic_ack(method.delivery_tag)
    assert body == b"poison"
    assert properties.headers["x-first-death-reason"] == "delivery_limit"


def test_a_dead_letter_waits_for_its_queue(fleet: Fleet, rabbitmq: Broker, at: At) -> None:
    """At least once: it would be gone otherwise. The broker tries again after this timeout, 3 min by default."""
    rabbitmq.ctl("eval", "application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 1000).")
    made_ready(Management(rabbitmq.management_url), fleet)
    with at(fleet.accounts[0]) as channel:
        channel.queue_delete("cutter_queue_dlq")
        channel.basic_publish("jobs", "cutter", b"poison", mandatory=True)
        for _ in range(11):
            method, _, _ = until(lambda: got(channel, "cutter_queue"), what="the message")
            channel.basic_nack(method.delivery_tag)
        assert not got(channel, "cutter_queue")
        channel.queue_declare("cutter_queue_dlq", durable=True)
        method, _, body = until(lambda: got(channel, "cutter_queue_dlq"), what="the dead letter")
        channel.basic_ack(method.delivery_tag)
    assert body == b"poison"


def test_a_rung_gives_a_message_back_to_the_queue_of_its_service(ready: Fleet, at: At) -> None:
    with at(ready.accounts[0]) as channel:
        channel.basic_publish("retry_5s", "download", b"again", mandatory=True)
        assert channel.basic_get(WORK)[0] is None
        method, _, body = until(lambda: got(channel, WORK), what="the rung", seconds=15)
        channel.basic_ack(method.delivery_tag)
    assert body == b"again"


def test_a_parked_message_outlives_any_number_of_looks(ready: Fleet, at: At) -> None:
    with at(ready.accounts[0]) as channel:
        channel.basic_publish("", PARKED, b"parked", mandatory=True)
        for _ in range(25):
            method, _, _ = until(lambda: got(channel, PARKED), what="the parked message")
            channel.basic_nack(method.delivery_tag)


def test_the_policies_hold_for_the_queues(ready: Fleet, rabbitmq: Broker) -> None:
    policies = {item["name"]: item for item in of_vhost(Management(rabbitmq.management_url), ready)["policies"]}
    listed = rabbitmq.ctl("list_queues", "--no-table-headers", "-p", ready.vhost, "name", "policy").splitlines()
    in_force = dict(line.split("\t") for line in listed)
    assert {queue: name for queue, name in in_force.items() if name} == {name: name for name in policies}
    assert policies[WORK]["definition"] == {
        "dead-letter-exchange": "",
        "dead-letter-routing-key": DEAD,
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
        "delivery-limit": 10,
    } | ({"consumer-timeout": 8_100_000} if rabbitmq.version == "4.0" else {})


# what people may do


def test_people_may_hand_in_and_cancel_jobs_and_hear_of_results_on_a_queue_of_their_own(
    ready: Fleet, rabbitmq: Broker
) -> None:
    async def hand_in_and_hear() -> bytes:
        session = await open_session(rabbitmq, ready, ready.accounts[1])
        own = Queue(name="wait.1", kind="classic", expires_ms=60_000)
        await session.declare(
            Topology(queues=(own,), bindings=(Binding(exchange="results", queue=own.name, key="result.*"),))
        )
        await session.publish(Publication(exchange="jobs", routing_key="preview", body=b"{}"))
        await session.publish(Publication(exchange="control", routing_key="", body=b"{}"))
        fleet = await open_session(rabbitmq, ready, ready.accounts[0])
        await fleet.publish(Publication(exchange="results", routing_key="result.preview", body=b"done"))
        await fleet.close()
        try:
            async with asyncio.timeout(10), session.consume(own.name, prefetch=1) as deliveries:
                async for delivery in deliveries:
                    session.ack(delivery)
                    return delivery.body
        finally:
            await session.close()
        raise AssertionError("unreachable")

    assert asyncio.run(hand_in_and_hear()) == b"done"


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param(lambda channel: channel.basic_get(WORK), id="reading a work queue"),
        pytest.param(lambda channel: channel.basic_get(PARKED), id="reading a parking lot"),
        pytest.param(lambda channel: channel.queue_purge(WORK), id="emptying a work queue"),
        pytest.param(lambda channel: channel.queue_delete(WORK), id="deleting a work queue"),
        pytest.param(lambda channel: channel.queue_declare("mine", durable=True), id="a queue of another name"),
        pytest.param(lambda channel: tapped(channel, "jobs"), id="listening to jobs"),
        pytest.param(lambda channel: channel.basic_publish("", WORK, b"{}"), id="going round the jobs exchange"),
        pytest.param(lambda channel: channel.basic_publish("results", "result.download", b"{}"), id="forging a result"),
    ],
)
def test_people_may_do_nothing_else(ready: Fleet, at: At, attempt: Callable[[BlockingChannel], object]) -> None:
    with at(ready.accounts[1]) as channel:
        channel.confirm_delivery()
        with pytest.raises(ChannelClosedByBroker, match="ACCESS_REFUSED"):
            attempt(channel)


def test_a_wrong_password_opens_no_door(ready: Fleet, rabbitmq: Broker) -> None:
    with pytest.raises(BrokerRefused):
        asyncio.run(open_session(rabbitmq, ready, replace(ready.accounts[0], password="wrong")))


# other ways in


def test_without_an_administrators_rights_the_queues_are_declared_with_arguments(
    fleet: Fleet, rabbitmq: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    door = Management(rabbitmq.management_url)
    made_ready(door, replace(fleet, topology=Topology()))
    setup_broker.setup_broker(address(rabbitmq, fleet, fleet.accounts[0]).url)
    said = capsys.readouterr()
    declared = {queue["name"]: queue["arguments"] for queue in of_vhost(door, fleet)["queues"]}
    assert declared[WORK]["x-delivery-limit"] == 10
    assert declared.keys() == {queue.name for queue in fleet.topology.queues}
    assert f"of {len(fleet.topology.exchanges)} exchanges and {len(fleet.topology.queues)} queues" in said.out
    assert "take an administrator" in said.err


def test_a_door_that_does_not_open_says_what_it_takes(rabbitmq: Broker) -> None:
    host = rabbitmq.host
    with pytest.raises(Trouble, match="refuses user 'guest': it takes an administrator and the right password"):
        Management(f"http://guest:wrong@{host}:15672").read()
    with pytest.raises(Trouble, match="rabbitmq-plugins enable rabbitmq_management"):
        Management(f"http://guest:guest@{host}:{AMQP_PORT}").read()
    with pytest.raises(Trouble, match=r"cannot be reached: .*refused"):
        Management(f"http://guest:guest@{host}:1").read()
