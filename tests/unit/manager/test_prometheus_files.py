"""The files for Prometheus and Grafana ask for figures that the manager has, by labels that they have."""

import json
import re
from pathlib import Path

import pytest

from clipmill_manager.broker_view import BrokerView
from clipmill_manager.disk import DiskView
from clipmill_manager.entities import WorkerThread
from clipmill_manager.figures import Figures
from clipmill_manager.step_end import StepEnd

DEPLOY = Path(__file__).parents[3] / "deploy"
WORKER = WorkerThread(worker_id="mill/cutter@1", worker_path="cutter@1.service", service="cutter", host="mill")
_METRIC = re.compile(r"\bclipmill_[a-z_]+\b(?!\")")


@pytest.fixture
def figures() -> Figures:
    return Figures(
        workers=lambda: [WORKER],
        broker=lambda: BrokerView(name="b", connected=True, version="4", seen_at=1, queues=[]),
        endings=lambda: {"succeeded": 3},
        open_jobs=lambda: 2,
        oldest_job=lambda: None,
        disk=lambda: DiskView(total=100, free=40),
        alerts=lambda: {"high": 1},
    )


@pytest.fixture
def known(figures: Figures) -> set[str]:
    """The names of all figures, as a scrape shows them."""
    ended = StepEnd(
        service="cutter", outcome="failed", cause="gone", site="s", at=1, waited=2_000, worked=90_000, bytes=7
    )
    figures.take([ended, ended])
    lines = figures.text().decode().splitlines()
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    return names | {re.split(r"[{ ]", line)[0] for line in lines if not line.startswith("#")}


def test_what_ends_is_counted_by_service_outcome_and_cause(figures: Figures, known: set[str]) -> None:
    lines = figures.text().decode().splitlines()
    assert 'clipmill_steps_total{cause="gone",outcome="failed",service="cutter"} 2.0' in lines
    assert 'clipmill_step_waiting_seconds_bucket{le="1.0",service="cutter"} 0.0' in lines
    assert 'clipmill_step_waiting_seconds_bucket{le="2.0",service="cutter"} 2.0' in lines
    assert 'clipmill_step_working_seconds_sum{service="cutter"} 180.0' in lines
    assert 'clipmill_made_bytes_total{service="cutter"} 14.0' in lines
    assert "clipmill_disk_free_bytes 40.0" in lines
    assert 'clipmill_alerts_firing{severity="high"} 1.0' in lines


def test_the_dashboard_asks_for_what_there_is(known: set[str]) -> None:
    dashboard = json.loads((DEPLOY / "grafana/clipmill.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 15
    assert _names(" ".join(asked)) <= known


def test_the_alert_rules_ask_for_what_there_is(known: set[str]) -> None:
    text = (DEPLOY / "prometheus/alerts.yml").read_text()
    assert _names(text) <= known | {"clipmill_queue_depth"}


def _names(text: str) -> set[str]:
    return set(_METRIC.findall(text))
