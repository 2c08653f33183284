"""Alerts of the manager go the way of notices: to every channel, once, and over restarts."""

from __future__ import annotations

import logging

import pytest

from clipmill import topology
from clipmill.events import Alert, AlertPayload, write_event
from clipmill.session import Publication
from clipmill_notifier.bulletin import Bulletin
from clipmill_notifier.database import Database
from tests.unit.notifier.conftest import ANSWERS, Bench

pytestmark = pytest.mark.anyio

PAYLOAD = AlertPayload(
    rule="disk-full", subject="store", severity="high", news="firing", value=0.95, firing_since=1, text="95% full"
)
ALERT = Alert(id="disk-full/store/1/firing", worker_id="mill/manager", timestamp=1, payload=PAYLOAD)


def published(alert: Alert) -> Publication:
    return Publication(exchange=topology.RESULTS, routing_key="alert.manager", body=write_event(alert))


async def test_an_alert_is_told_once_on_each_channel_however_often_it_comes(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bench.start(NOTIFY_REPLY_QUEUE=ANSWERS)
    await bench.tell(published(ALERT), published(ALERT))
    assert await bench.told() == ALERT
    await bench.tell(published(ALERT))
    await bench.settled()
    assert bench.heard_all()
    assert caplog.text.count("alert disk-full (high) firing: store: 95% full") == 1


async def test_a_delivered_alert_is_forgotten_in_time_and_one_that_waits_is_not(bench: Bench) -> None:
    database = Database(bench.root / "notifier.db")
    bulletin = Bulletin(database)
    bulletin.put(ALERT, ["journal", "webhook"])
    database.run("UPDATE deliveries SET state = 'sent' WHERE channel = 'journal'")
    bulletin.prune(before=100)
    assert bench.rows("SELECT channel FROM deliveries") == [("webhook",)]
    assert bulletin.put(ALERT, ["journal"]) is False
    database.run("UPDATE deliveries SET state = 'refused'")
    bulletin.prune(before=100)
    assert bench.rows("SELECT id FROM notices") == []
    database.close()
