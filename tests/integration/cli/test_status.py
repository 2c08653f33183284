"""`clipmill status`, `workers` and `jobs`, asking a real manager over its socket."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clipmill import messages, topology
from clipmill import settings as settings_module
from clipmill.inprocess import InProcessBroker
from clipmill.session import Session
from tests.integration.manager.asking import ask_until
from tests.integration.manager.conftest import at_work, tell
from tests.rig.command import clipmill
from tests.unit.manager.telling import HOST, error, heartbeat, metrics, progress, result

pytestmark = pytest.mark.anyio

CUTTER = f"{HOST}/cutter@1"


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Path]:
    """The socket of a manager that knows a small fleet and three jobs."""
    settings = settings_module.load({"STORE": str(tmp_path), "STATE_DIRECTORY": str(tmp_path)})
    broker = InProcessBroker()
    async with at_work(settings, broker) as socket:
        session = await broker.open()
        await session.declare(topology.fleet_topology(("download", "cutter", "preview")))
        await _tell(session)
        await ask_until(socket, "/api/fleet", lambda fleet: fleet["jobs"]["failed"] and len(fleet["workers"]) == 3)
        await ask_until(socket, "/api/fleet", lambda fleet: fleet["broker"]["queues"])
        yield socket


async def _tell(session: Session) -> None:
    now = messages.now() - 65_000
    root = result(now, "open/download/0", "open/cutter/0", "open/preview/0", attempt=2)
    await tell(
        session, heartbeat(now), heartbeat(now, "processing", worker=CUTTER, step_id="open/cutter/0", note="cutting")
    )
    await tell(session, metrics(now, jobs_processed=7, jobs_successful=5, jobs_failed=2))
    await tell(session, progress(now - 3000, root.step_id, 1, attempt=2), root)
    await tell(session, progress(now, "open/cutter/0", 40, worker=CUTTER, parent_id=root.step_id))
    await tell(session, result(now, "good/download/0"), error(now, "bad/download/0", "HTTP 404: \x1b[2Jgone"))


async def ask(manager: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """In a thread, since the manager answers in this one's loop."""
    return await asyncio.to_thread(clipmill, *words, "--manager", str(manager))


async def test_bare_it_shows_fleet_broker_workers_queues_and_jobs(manager: Path) -> None:
    said = await ask(manager, "status")
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert lines[0].endswith(": 3 of 3 workers can work, 7 steps done, 71 % of them well")
    assert lines[1] == "broker localhost:5672: connected, RabbitMQ in-process"
    assert lines[2] == "jobs: 1 open, 1 succeeded, 0 partly, 1 failed, 0 cancelled"
    assert "systemd is not watched: crashes and memory are not known" in lines
    table = [line.split() for line in lines]
    assert ["download", "1", "healthy"] in table
    assert ["preview", "0", "empty"] in table
    assert ["cutter_queue", "0"] in table
    assert [f"{HOST}/cutter@1", "processing"] in [row[:2] for row in table]


async def test_a_job_shows_its_tree_with_files_attempts_and_progress(manager: Path, tmp_path: Path) -> None:
    said = await ask(manager, "status", "open")
    assert said.returncode == 0, said.stderr
    assert "job open: open, " in said.stdout
    assert "for user123" in said.stdout
    assert f"download 0: done in 3.0 s, attempt 2 by {HOST}/download@1" in said.stdout
    assert "/var/lib/clipmill/jobs/open/download/0/0.mp4  (1.0 kB)" in said.stdout
    assert f"cutter 0: processing 40 % by {CUTTER}" in said.stdout
    assert "preview 0: waiting" in said.stdout
    assert "journalctl JOB_ID=open" in said.stdout


async def test_a_job_that_failed_says_why_without_steering_the_terminal(manager: Path) -> None:
    said = await ask(manager, "status", "bad")
    assert f"download 0: failed by {HOST}/download@1: HTTP 404:  [2Jgone" in said.stdout


async def test_an_unknown_job_is_said(manager: Path) -> None:
    said = await ask(manager, "status", "nothing")
    assert said.returncode == 1
    assert said.stderr.startswith("clipmill: no job nothing is known")
    assert (await ask(manager, "status", "../x")).stderr.startswith("clipmill: '../x' is no job")


async def test_workers_are_a_table(manager: Path) -> None:
    said = await ask(manager, "workers")
    assert said.returncode == 0, said.stderr
    heading, *rows = said.stdout.splitlines()
    assert heading.split() == ["worker", "status", "since", "done", "failed", "crashes", "memory", "what"]
    busy, idle, _manager = sorted(row.split() for row in rows)
    assert (busy[0], busy[1], busy[-3:]) == (CUTTER, "processing", ["open/cutter/0", "40", "%"])
    assert (idle[0], idle[1]) == (f"{HOST}/download@1", "idle")


async def test_jobs_are_a_table_of_one_state_if_wanted(manager: Path) -> None:
    said = await ask(manager, "jobs")
    assert sorted(row.split()[0] for row in said.stdout.splitlines()[1:]) == ["bad", "good", "open"]
    (row,) = (await ask(manager, "jobs", "--state", "failed")).stdout.splitlines()[1:]
    assert row.split()[:2] == ["bad", "failed"]
    assert "http://host/video.mp4: HTTP 404" in row
    assert len((await ask(manager, "jobs", "--limit", "1")).stdout.splitlines()) == 2


async def test_jobs_are_filtered_and_go_on_where_the_list_ended(manager: Path) -> None:
    (row,) = (await ask(manager, "jobs", "--site", "host", "--reason", "404")).stdout.splitlines()[1:]
    assert row.split()[0] == "bad"
    assert len((await ask(manager, "jobs", "--sender", "nobody")).stdout.splitlines()) == 1
    first = await ask(manager, "jobs", "--limit", "2")
    after = first.stderr.rpartition("--after ")[2].strip()
    rest = await ask(manager, "jobs", "--after", after)
    names = [row.split()[0] for answer in (first, rest) for row in answer.stdout.splitlines()[1:]]
    assert sorted(names) == ["bad", "good", "open"]


async def test_queues_say_what_waits_and_who_can_take_it(manager: Path) -> None:
    rows = [row.split() for row in (await ask(manager, "queues")).stdout.splitlines()]
    assert ["cutter_queue", "work", "0", "1"] in rows
    assert ["preview_queue", "work", "0", "0"] in rows
    assert ["retry_5s", "retry", "0"] in rows


async def test_a_silence_is_shown_and_in_the_audit_trail_and_can_be_ended(manager: Path) -> None:
    said = await ask(manager, "alerts", "--silence", "site-fails", "--subject", "tube.example", "--for", "2h")
    assert "site-fails (tube.example) is silenced for 2 h" in said.stdout.replace("1 h 59 min", "2 h"), said.stderr
    (deed,) = (await ask(manager, "audit")).stdout.splitlines()[1:]
    assert "silence" in deed and "site-fails" in deed and "tube.example" in deed
    said = await ask(manager, "alerts", "--silence", "site-fails", "--subject", "tube.example", "--for", "0s")
    assert "silenced" not in said.stdout
    said = await ask(manager, "alerts", "--silence", "nothing")
    assert (said.returncode, said.stderr[:40]) == (1, "clipmill: no such rule; there are: worker"[:40])
    assert "no length of time" in (await ask(manager, "alerts", "--silence", "site-fails", "--for", "long")).stderr


async def test_rules_are_shown_with_what_they_measure(manager: Path) -> None:
    said = await ask(manager, "alerts", "--rules")
    rows = {row.split()[0]: row for row in said.stdout.splitlines()[1:] if row.strip()}
    assert "messages that were given up" in rows["dead-letters-grow"]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("status",), "broker"),
        (("workers",), "workers"),
        (("jobs",), "jobs"),
        (("queues",), "queues"),
        (("alerts",), "rules"),
        (("audit",), "audit"),
        (("status", "open"), "tree"),
    ],
)
async def test_programs_get_the_managers_own_json(manager: Path, words: tuple[str, ...], key: str) -> None:
    assert key in json.loads((await ask(manager, *words, "--json")).stdout)
