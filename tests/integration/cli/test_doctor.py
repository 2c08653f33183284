"""`clipmill doctor` and a real broker: what it finds before and after the broker is made ready."""

from dataclasses import replace

import pytest

from clipmill import settings, topology
from clipmill.settings import BrokerAddress
from clipmill_cli.doctor import broker, policies
from clipmill_cli.doctor.finding import Finding, Level
from clipmill_cli.doctor.place import Place
from clipmill_cli.rabbitmq.management import Management
from clipmill_cli.rabbitmq.wanted import Fleet
from clipmill_cli.setup_broker import make_ready
from tests.integration.cli.fleet import address, new_fleet
from tests.rig.broker import Broker


@pytest.fixture
def fleet() -> Fleet:
    """A fleet for which the broker is not ready."""
    return new_fleet()


def of_broker(at: BrokerAddress) -> list[Finding]:
    """The findings of somebody who gets in there."""
    given = replace(settings.load({}), broker=at)
    return list(broker.check(given, Place()))


def test_a_broker_that_is_ready_is_well(rabbitmq: Broker, fleet: Fleet) -> None:
    list(make_ready(Management(rabbitmq.management_url), fleet))
    for account in fleet.accounts:
        version, *limit, queues = of_broker(address(rabbitmq, fleet, account))
        assert (version.level, queues.level) == (Level.OK, Level.OK)
        assert f"RabbitMQ {rabbitmq.version}." in version.says
        # which 3.10 keeps to itself: whoever is no administrator there can only be warned
        assert len(limit) == (rabbitmq.version == "3.10")
        assert all("write consumer_timeout = 8100000" in finding.remedy for finding in limit)


def test_a_missing_vhost_and_a_wrong_password_are_told_with_the_way_out(rabbitmq: Broker, fleet: Fleet) -> None:
    at = address(rabbitmq, fleet, fleet.accounts[0])
    for account in (at, replace(at, user="guest", password="guest"), replace(at, vhost="/")):
        (only,) = of_broker(account)
        assert only.level is Level.PROBLEM
        assert "refuses" in only.says
        assert "clipmill setup broker" in only.remedy


def test_missing_queues_are_told(rabbitmq: Broker, fleet: Fleet) -> None:
    list(make_ready(Management(rabbitmq.management_url), replace(fleet, topology=topology.results())))
    told = of_broker(address(rabbitmq, fleet, fleet.accounts[0]))[-1]
    assert told.level is Level.PROBLEM
    assert "download_queue cannot be looked at" in told.says


def test_what_setting_up_would_change_is_told(rabbitmq: Broker, fleet: Fleet) -> None:
    door = Management(rabbitmq.management_url)
    before = [finding.says for finding in policies.inspect(door, fleet)]
    assert f"missing vhost: {fleet.vhost}" in before
    list(make_ready(door, fleet))
    after = list(policies.inspect(door, fleet))
    if rabbitmq.version == "3.10":
        (only,) = after
        assert only.level is Level.WARNING
        assert only.remedy.startswith("write consumer_timeout = 8100000 into /etc/rabbitmq/rabbitmq.conf")
    else:
        assert [finding.level for finding in after] == [Level.OK]
