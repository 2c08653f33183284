"""Jobs of an installed fleet: what comes out, what one sees of them, and what survives a kill and a stop."""

import json
import shlex
import time
from pathlib import Path

import pytest

from tests.rig import old_producer
from tests.rig.deadline import until
from tests.system.fleet import PERSON, WEB, Fleet, seconds_of

DOWNLOADS = ("download@1", "download@2")
SOURCE_SECONDS = {"video.mp4": 75, "film.mkv": 65}
PART_SECONDS = 30


def check_parts(fleet: Fleet, paths: list[str], source: str) -> None:
    """They play without a complaint, none is too long, together they last as long as the source."""
    lengths = [seconds_of(fleet.machine, path) for path in paths]
    assert len(lengths) == 3
    assert max(lengths) <= PART_SECONDS + 0.05
    assert sum(lengths) == pytest.approx(SOURCE_SECONDS[source], abs=0.15)


def test_a_link_becomes_parts_a_preview_and_a_message(fleet: Fleet) -> None:
    job = fleet.submit(f"{WEB}/video.mp4 --to user123")
    check_parts(fleet, job.parts(), "video.mp4")
    assert [path for path in job.files() if path.endswith("/preview.mp4")]
    told = fleet.machine.run(f"journalctl JOB_ID={job.id} -u notifier -o cat")
    assert "user123" in told


def test_the_journal_tells_the_story_of_a_job_over_four_units(fleet: Fleet) -> None:
    job = fleet.submit(f"{WEB}/video.mp4")
    told = {unit.partition("@")[0].removesuffix(".service") for unit in job.story()}
    assert {"download", "cutter", "preview", "notifier"} <= told


def test_a_person_hands_in_a_file_from_home(fleet: Fleet) -> None:
    fleet.machine.run(f"cp /srv/www/video.mp4 /home/{PERSON}/holiday.mp4 && chown {PERSON}: /home/{PERSON}/holiday.mp4")
    job = fleet.submit(f"/home/{PERSON}/holiday.mp4 --to user123")
    check_parts(fleet, job.parts(), "video.mp4")


@pytest.mark.parametrize("command", ["status", "workers", "doctor"])
def test_a_person_sees_how_the_fleet_is(fleet: Fleet, command: str) -> None:
    assert fleet.machine.run(f"clipmill {command}", user=PERSON)


def test_systemctl_status_names_the_job_while_it_runs(fleet: Fleet) -> None:
    job_id = fleet.hand_in(f"{WEB}/slow/video.mp4")
    unit = fleet.await_status(DOWNLOADS, job_id)
    assert job_id in fleet.machine.run(f"systemctl status --no-pager --full {unit}")
    assert fleet.await_end(job_id).state == "succeeded"


def test_a_job_survives_the_sudden_death_of_its_worker_which_is_back_after_five_seconds(fleet: Fleet) -> None:
    job_id = fleet.hand_in(f"{WEB}/film.mkv")
    fleet.await_status(("cutter@1",), job_id, seconds=120)
    pid = fleet.main_pid("cutter@1")
    fleet.machine.run(f"kill -KILL {pid}")
    killed = time.monotonic()
    until(lambda: fleet.main_pid("cutter@1") not in (0, pid), what="another cutter@1", seconds=20)
    assert 4 < time.monotonic() - killed < 9
    check_parts(fleet, fleet.await_end(job_id).parts(), "film.mkv")


def test_stopping_the_fleet_in_mid_transcode_finishes_the_step_and_loses_nothing(fleet: Fleet) -> None:
    """Longer than TimeoutStopSec= if need be: the worker asks for DRAIN_TIMEOUT when it is told to stop."""
    impatient = "/run/systemd/system/cutter@1.service.d/99-impatient.conf"
    fleet.machine.write(impatient, "[Service]\nTimeoutStopSec=1\n")
    fleet.machine.run("systemctl daemon-reload")
    job_id = fleet.hand_in(f"{WEB}/film.mkv")
    fleet.await_status(("cutter@1",), job_id, seconds=120)
    fleet.machine.run("systemctl stop clipmill.target")
    shown = fleet.machine.run("systemctl show cutter@1 -p Result -p ExecMainStatus -p ActiveState").split()
    assert set(shown) == {"Result=success", "ExecMainStatus=0", "ActiveState=inactive"}
    fleet.machine.run(f"test -e /var/lib/clipmill/jobs/{job_id}/cutter/0/manifest.json")
    fleet.machine.run("systemctl start clipmill.target")
    fleet.await_active()
    check_parts(fleet, fleet.await_end(job_id).parts(), "film.mkv")
    begun = fleet.machine.run(f"journalctl JOB_ID={job_id} -u cutter@1 -o cat").count("begins")
    assert begun == 1
    fleet.machine.run(f"rm {impatient} && systemctl daemon-reload")


def old_producers_message(fleet: Fleet, body: str, count: int, *options: str) -> list[dict[str, object]]:
    """The first `count` results and errors after a program that knows nothing of clipmill has published `body`."""
    fleet.machine.put(Path(old_producer.__file__), "/root/old_producer.py")
    url = f"amqp://clipmill:{fleet.machine.run('cat /etc/clipmill/credentials/amqp-password')}@localhost/clipmill"
    command = f"python3 /root/old_producer.py {url} {shlex.quote(body)} {count} {' '.join(options)}"
    return [json.loads(line) for line in fleet.machine.run(f"PYTHONPATH=/usr/lib/clipmill {command}").splitlines()]


@pytest.mark.parametrize("options", [[], ["--assert"]], ids=["plainly", "after asserting the queue as durable"])
def test_an_old_producers_message_comes_to_the_same_end(fleet: Fleet, options: list[str]) -> None:
    body = json.dumps({"link": f"{WEB}/video.mp4", "from": "user123", "noreply": False})
    events = old_producers_message(fleet, body, 3, *options)
    results = {event["queueName"]: event["payload"] for event in events if event["type"] == "result"}
    assert set(results) == {"download_queue", "cutter_queue", "preview_queue"}
    cut = results["cutter_queue"]
    assert isinstance(cut, dict)
    assert len(cut["results"]) == 3
    assert cut["from"] == "user123"
    assert cut["noreply"] is False


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("no JSON at all", id="no JSON"),
        pytest.param("[1, 2]", id="JSON of another shape"),
        pytest.param('{"link": 5}', id="a number for a link"),
        pytest.param('{"link": "the one from yesterday"}', id="a link that is none"),
        pytest.param('{"link": "http://[::1", "from": "user123"}', id="half a link"),
        pytest.param('{"link": "http://localhost:8080/video.mp4", "jobId": "../../etc"}', id="a jobId that climbs"),
        pytest.param('{"filePath": "/etc/shadow", "from": "user123"}', id="a file outside the store"),
    ],
)
def test_a_malformed_message_ends_as_one_clear_error(fleet: Fleet, body: str) -> None:
    (event,) = old_producers_message(fleet, body, 1)
    assert event["type"] == "error"
    payload = event["payload"]
    assert isinstance(payload, dict)
    assert payload["error"]
    assert "Traceback" not in str(payload)


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(f"{WEB}/missing.mp4", id="404"),
        pytest.param(f"{WEB}/letter.mp4", id="no video"),
        pytest.param(f"{WEB}/empty.mp4", id="empty"),
        pytest.param(f"{WEB}/", id="a page without a video"),
    ],
)
def test_what_cannot_become_a_video_fails_at_once_and_says_why(fleet: Fleet, link: str) -> None:
    job = fleet.submit(f"{link} --to user123", status=1)
    assert job.state == "failed"
    assert "Traceback" not in job.printed
    assert link in fleet.machine.run(f"journalctl JOB_ID={job.id} -u notifier -o cat")
