"""The manager's HTTP interface, over its real unix socket, fed by the events of a fleet."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from clipmill import messages, topology
from clipmill.events import Alert, read_event
from clipmill.inprocess import InProcessBroker
from clipmill.session import Session
from clipmill.settings import Settings
from tests.integration.manager.asking import ask, ask_until
from tests.integration.manager.conftest import at_work, tell
from tests.unit.manager.telling import WORKER, error, heartbeat, metrics, progress, result

pytestmark = pytest.mark.anyio

NOW = messages.now() - 60_000
ROOT, CUTTER = "job1/download/0", "job1/cutter/0"


async def test_the_fleet_is_there_at_a_glance(manager: Path, session: Session) -> None:
    # not NOW, which is when this module was read: a worker that was last heard of minutes ago is silent
    now = messages.now()
    await tell(session, heartbeat(now, "idle"), metrics(now, jobs_processed=4, jobs_successful=3, jobs_failed=1))
    fleet = await ask_until(manager, "/api/fleet", lambda fleet: fleet["health"]["totalJobs"] == 4)
    assert fleet["health"]["successRate"] == 0.75
    pools = {pool["service"]: pool for pool in fleet["pools"]}
    assert pools["download"].pop("spec")["processor"] == "clipmill_download.handler"
    assert pools["download"] == {
        "service": "download",
        "workers": [WORKER],
        "maxWorkers": 1,
        "strategy": "first-free",
        "healthCheck": "healthy",
    }
    assert pools["cutter"]["healthCheck"] == "empty"
    assert fleet["jobs"] == {"open": 0, "succeeded": 0, "partly": 0, "failed": 0, "cancelled": 0}
    assert fleet["systemd"] is False


async def test_the_broker_and_its_queues_are_shown_as_last_seen(manager: Path, broker: InProcessBroker) -> None:
    fleet = await ask_until(manager, "/api/fleet", lambda fleet: fleet["broker"]["connected"])
    depths = {queue["name"]: queue["depth"] for queue in fleet["broker"]["queues"]}
    assert {"download_queue", "cutter_queue_dlq", "preview_queue_parked", "retry_5s", "notifier"} <= depths.keys()
    assert depths["download_queue"] == 0
    broker.stop()
    fleet = await ask_until(manager, "/api/fleet", lambda fleet: not fleet["broker"]["connected"])
    assert fleet["broker"]["queues"], "the last depths stay"
    broker.start()
    await ask_until(manager, "/api/fleet", lambda fleet: fleet["broker"]["connected"])


async def test_workers_have_the_references_properties(manager: Path, session: Session) -> None:
    await tell(session, heartbeat(NOW, "idle"), progress(NOW + 1, ROOT, 30))
    answer = await ask_until(
        manager, "/api/workers", lambda answer: any(w["status"] == "processing" for w in answer["workers"])
    )
    (worker,) = [worker for worker in answer["workers"] if worker["workerId"] == WORKER]
    assert worker["workerPath"] == "download@1.service"
    assert (worker["threadId"], worker["startTime"], worker["lastActivity"]) == (100, 1_000, NOW + 1)
    assert (worker["crashCount"], worker["stepId"], worker["percent"]) == (0, ROOT, 30)
    assert worker["metrics"]["memoryUsage"] == {"rss": 0, "childRss": 0}
    assert "invocation" not in worker, "what only the register needs is not shown"


async def test_the_manager_is_a_worker_too(manager: Path) -> None:
    answer = await ask_until(manager, "/api/workers", lambda answer: answer["workers"])
    assert answer["workers"][0]["workerPath"] == "manager.service"


async def test_jobs_are_listed_newest_first(manager: Path, session: Session) -> None:
    for number in range(4):
        await tell(session, result(NOW + number, f"job{number}/download/0"))
    await tell(session, error(NOW, "job9/download/0", "404: gone"))
    await ask_until(manager, "/api/jobs", lambda answer: len(answer["jobs"]) == 5)
    assert [job["jobId"] for job in (await ask(manager, "/api/jobs?limit=2")).json["jobs"]] == ["job3", "job2"]
    (failed,) = (await ask(manager, "/api/jobs?state=failed&limit=500")).json["jobs"]
    assert (failed["jobId"], failed["reason"], failed["from"]) == ("job9", "404: gone", "user123")


async def test_a_job_is_shown_with_its_tree(manager: Path, session: Session) -> None:
    await tell(session, progress(NOW, ROOT), result(NOW + 500, ROOT, CUTTER))
    await tell(session, progress(NOW + 900, CUTTER, 25, parent_id=ROOT))
    job = await ask_until(manager, "/api/jobs/job1", lambda job: _below(job, ROOT) == [(CUTTER, 25, 400)])
    assert job["job"]["state"] == "open"
    assert job["tree"][0]["workingMs"] == 500
    await tell(session, result(NOW + 2_000, CUTTER, files=2, parent_id=ROOT))
    job = await ask_until(manager, "/api/jobs/job1", lambda job: job["job"]["state"] == "succeeded")
    assert [file["filePath"] for file in job["files"]["cutter"]] == [f"jobs/{CUTTER}/{n}.mp4" for n in (0, 1)]


async def test_prometheus_gets_figures_with_bounded_labels(manager: Path, session: Session) -> None:
    await tell(session, heartbeat(NOW, "idle"), heartbeat(NOW, "idle", worker="mill/made-up@1"))
    await tell(session, error(NOW, ROOT, "404"), result(NOW, "job2/download/0"))
    await ask_until(manager, "/api/fleet", lambda fleet: fleet["jobs"]["succeeded"] and fleet["jobs"]["failed"])
    await ask_until(manager, "/api/fleet", lambda fleet: fleet["broker"]["queues"])
    answer = await ask(manager, "/metrics")
    lines = answer.body.decode().splitlines()
    assert answer.content_type.startswith("text/plain")
    assert 'clipmill_workers{service="download",state="idle"} 1.0' in lines
    assert 'clipmill_workers{service="other",state="idle"} 1.0' in lines
    assert 'clipmill_worker_crashes_total{service="download"} 0.0' in lines
    assert 'clipmill_jobs_total{outcome="succeeded"} 1.0' in lines
    assert 'clipmill_jobs_total{outcome="failed"} 1.0' in lines
    assert 'clipmill_queue_depth{kind="work",queue="download_queue"} 0.0' in lines
    assert "clipmill_broker_connected 1.0" in lines


@pytest.mark.parametrize(
    ("target", "status", "says"),
    [
        ("/api/jobs?state=purple", 400, "no such state; there are: open, succeeded"),
        ("/api/jobs?state=" + "x" * 10_000, 400, "no such state"),
        ("/api/jobs?limit=0", 400, "limit must be a number from 1 to 500"),
        ("/api/jobs?limit=-1", 400, "limit must be"),
        ("/api/jobs?limit=501", 400, "limit must be"),
        ("/api/jobs?limit=1e3", 400, "limit must be"),
        ("/api/jobs?limit=%C2%B2", 400, "limit must be"),
        ("/api/jobs?limit=" + "9" * 5_000, 400, "limit must be"),
        ("/api/jobs/nobody", 404, "no job nobody is known"),
        ("/api/jobs/" + "x" * 65, 400, "no jobId"),
        ("/api/jobs/..%2F..%2Fetc%2Fpasswd", 404, "Not Found"),
        ("/api/jobs/a%00b", 400, "no jobId"),
        ("/api/nothing", 404, "Not Found"),
        ("/", 404, "Not Found"),
    ],
)
async def test_bad_input_is_refused_as_json(manager: Path, target: str, status: int, says: str) -> None:
    answer = await ask(manager, target)
    assert answer.status == status
    assert answer.content_type == "application/json"
    assert says in answer.json["error"]


async def test_only_reading_is_possible(manager: Path) -> None:
    answer = await ask(manager, "/api/fleet", "POST")
    assert (answer.status, answer.json) == (405, {"error": "Method Not Allowed"})


async def test_the_socket_is_for_the_group_and_nobody_else(manager: Path) -> None:
    assert stat.S_IMODE(manager.stat().st_mode) == 0o660


async def test_it_answers_without_a_broker(settings: Settings, broker: InProcessBroker) -> None:
    broker.stop()
    async with at_work(settings, broker) as socket:
        fleet = (await ask(socket, "/api/fleet")).json
        assert fleet["broker"]["connected"] is False


async def test_a_manager_that_starts_again_knows_what_it_knew(
    settings: Settings, broker: InProcessBroker, session: Session
) -> None:
    """What came while it was down waits in the durable queue; the socket of the dead one is in nobody's way."""
    async with at_work(settings, broker) as socket:
        await tell(session, heartbeat(NOW, "idle"), result(NOW, ROOT, CUTTER))
        await ask_until(socket, "/api/jobs", lambda answer: answer["jobs"])
        await ask_until(socket, "/api/workers", lambda answer: len(answer["workers"]) == 2)
    await tell(session, result(NOW + 1, CUTTER, parent_id=ROOT))
    async with at_work(settings, broker) as socket:
        answer = await ask_until(
            socket, "/api/jobs", lambda answer: [job["state"] for job in answer["jobs"]] == ["succeeded"]
        )
        assert answer["jobs"][0]["steps"] == 2


async def test_events_survive_a_session_that_is_cut_before_they_are_acked(
    manager: Path, broker: InProcessBroker
) -> None:
    broker.declare(topology.results())
    for number in range(50):
        session = await broker.open()
        await tell(session, result(NOW + number, f"job{number}/download/0"))
        if number % 10 == 0:
            broker.cut()
    answer = await ask_until(manager, "/api/fleet", lambda fleet: fleet["jobs"]["succeeded"] == 50)
    assert answer["jobs"]["open"] == 0


def _below(job: dict[str, Any], step_id: str) -> list[tuple[str, float, int]]:
    """The steps that follow a step, how far they are and how long they waited; what is told is there bit by bit."""
    steps = [step for step in job.get("tree", []) if step["stepId"] == step_id]
    return [(below["stepId"], below["percent"], below["waitingMs"]) for step in steps for below in step["steps"]]


async def test_an_alert_fires_is_published_silenced_and_survives_a_restart(
    settings: Settings, broker: InProcessBroker, session: Session, tmp_path: Path
) -> None:
    rules = tmp_path / "alerts.toml"
    rules.write_text('[[rule]]\nname = "full"\nmeasure = "disk-share"\nabove = 0.0\nseverity = "low"')
    settings.store.mkdir(parents=True)
    async with at_work(settings, broker, rules=rules) as socket:
        answer = await ask_until(socket, "/api/alerts", lambda answer: answer["alerts"] and not answer["unsent"])
        assert answer["alerts"][0] | {"value": 0, "text": "", "since": 0} == {
            "rule": "full",
            "subject": "store",
            "severity": "low",
            "state": "firing",
            "value": 0,
            "text": "",
            "since": 0,
            "silenced": False,
        }
        asked = {"rule": "full", "milliseconds": 60_000, "who": "ann"}
        answer = (await ask(socket, "/api/alerts/silence", "POST", body=json.dumps(asked).encode())).json
        assert answer["alerts"][0]["silenced"]
        (deed,) = (await ask(socket, "/api/audit")).json["audit"]
        assert (deed["who"], deed["action"], deed["target"]) == ("ann", "silence", "full")
    async with session.consume(topology.NOTIFIER_QUEUE, prefetch=10) as deliveries:
        told = read_event((await anext(aiter(deliveries))).body)
        assert isinstance(told, Alert)
        assert (told.payload.rule, told.payload.news) == ("full", "firing")
    async with at_work(settings, broker, rules=rules) as socket:
        answer = (await ask(socket, "/api/alerts")).json
        assert (answer["alerts"][0]["state"], answer["unsent"]) == ("firing", 0)
        assert answer["silences"][0]["who"] == "ann"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no silence"),
        (b"[]", "no silence"),
        (b'{"rule": "nothing", "milliseconds": 1, "who": "ann"}', "no such rule; there are: worker-crash-rate"),
        (b'{"rule": "disk-full", "milliseconds": 99999999999, "who": "ann"}', "within 30 days"),
        (b'{"rule": "disk-full", "milliseconds": 1, "who": "a\\u0000"}', "must be names"),
        (b'{"rule": "disk-full", "milliseconds": 1, "who": "ann", "subject": ""}', "must be names"),
        (b"x" * 20_000, "more than 10000 bytes"),
    ],
)
async def test_a_silence_that_cannot_be_is_refused(manager: Path, body: bytes, says: str) -> None:
    answer = await ask(manager, "/api/alerts/silence", "POST", body=body)
    assert answer.status in (400, 413)
    assert says in answer.json["error"]
