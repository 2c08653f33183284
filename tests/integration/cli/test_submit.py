"""`clipmill submit` against a real RabbitMQ, as the user that may only submit, and workers as systemd starts them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from clipmill.probe import probe
from clipmill_cli.rabbitmq.management import Management
from clipmill_cli.setup_broker import make_ready
from tests.integration.cli.fleet import address, channel, new_fleet
from tests.media import clips
from tests.media.server import Behaviour, Server, serve
from tests.rig.broker import Broker
from tests.rig.command import CLIPMILL, clipmill, environment
from tests.rig.deadline import until

SERVICES = ("download", "cutter", "preview")


class Mill:
    """A store, a vhost that was made ready, and two ways into it: the fleet's and people's."""

    def __init__(self, broker: Broker, store: Path) -> None:
        self.broker = broker
        self.store = store
        self.fleet = new_fleet()
        list(make_ready(Management(broker.management_url), self.fleet))
        self._fleet_account, people = self.fleet.accounts
        self.given = {"BROKER_URL": address(broker, self.fleet, people).url, "STORE": str(store)}

    def submit(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return clipmill("submit", *map(str, words), **self.given)

    @contextmanager
    def working(self) -> Iterator[None]:
        """A worker of each service."""
        given = {
            "BROKER_URL": address(self.broker, self.fleet, self._fleet_account).url,
            "STORE": str(self.store),
            "STATE_DIRECTORY": str(self.store),
            "PART_SECONDS": "2",
        }
        with ExitStack() as stack:
            for service in SERVICES:
                stack.enter_context(_worker(service, given, self.store / f"{service}.log"))
            yield

    def depth(self, queue: str) -> int:
        # asked by AMQP: what rabbitmqctl lists is some seconds old
        with channel(self.broker, self.fleet, self._fleet_account) as asking:
            return int(asking.queue_declare(queue, passive=True).method.message_count)

    def waiting_queues(self) -> list[str]:
        return [
            row for row in self.broker.ctl("list_queues", "-p", self.fleet.vhost, "name").splitlines() if "wait." in row
        ]


@contextmanager
def _worker(service: str, given: dict[str, str], log: Path) -> Iterator[None]:
    command = [sys.executable, "-P", "-m", f"clipmill_{service}", "1"]
    with log.open("wb") as file, subprocess.Popen(command, env=environment(given), stderr=file) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, log.read_text()


@pytest.fixture
def mill(rabbitmqs: Callable[[str], Broker], tmp_path: Path) -> Mill:
    store = tmp_path / "store"
    (store / "inbox").mkdir(parents=True)
    return Mill(rabbitmqs("4.0"), store)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "site").mkdir()
    with serve(tmp_path / "site") as server:
        yield server


def test_a_link_and_a_file_are_waited_for_and_end_as_files(mill: Mill, site: Server, tmp_path: Path) -> None:
    clips.clip(site.folder, "talk.mp4", seconds=5)
    file = clips.clip(tmp_path, "holiday.mp4", seconds=5)
    with mill.working():
        done = mill.submit(site.url("talk.mp4"), file, "--to", "ana", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split(": ")[1].split(",")[0] for line in done.stdout.splitlines() if line.startswith("job ")] == [
        "succeeded",
        "succeeded",
    ]
    parts = [Path(line.split()[0]) for line in done.stdout.splitlines() if "/cutter/0/" in line]
    assert all(part.is_relative_to(mill.store) for part in parts)
    assert sum(probe(part).seconds for part in parts) == pytest.approx(10, abs=0.4)
    assert sum("/preview/0/" in line for line in done.stdout.splitlines()) >= 2
    assert "holiday.mp4: download 0: done, 1 file, " in done.stderr
    assert list((mill.store / "inbox").iterdir()) == []
    assert mill.waiting_queues() == []


def test_some_and_nothing_have_exit_statuses_of_their_own(mill: Mill, site: Server, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video at all")
    file = clips.clip(tmp_path)
    with mill.working():
        nothing = mill.submit(site.url("missing.mp4"), "--wait")
        some = mill.submit(text, file, "--pipeline", "cutter", "--wait", "--json")
    assert nothing.returncode == 1
    assert "404" in nothing.stdout
    assert "download 0: given up: " in nothing.stderr
    assert some.returncode == 3
    assert [job["ending"] for job in json.loads(some.stdout)["jobs"]] == ["failed", "succeeded"]


def test_without_waiting_it_prints_the_id_and_the_message_lies_in_the_queue(mill: Mill, tmp_path: Path) -> None:
    file = clips.clip(tmp_path, "holiday.mp4")
    done = mill.submit(file, "http://127.0.0.1:1/video.mp4")
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.split()
    assert (mill.store / "inbox" / first / "holiday.mp4").read_bytes() == file.read_bytes()
    assert done.stderr == f"follow it: clipmill status {second}\n"
    assert mill.depth("download_queue") == 2


def test_ctrl_c_ends_the_waiting_and_the_job_goes_on(mill: Mill, site: Server, tmp_path: Path) -> None:
    clips.clip(site.folder)
    site.rules["/clip.mp4"] = Behaviour(hold_after=5_000)
    command = [CLIPMILL, "submit", site.url("clip.mp4"), "--pipeline", "cutter", "--wait"]
    with mill.working():
        with subprocess.Popen(
            command, env=environment(mill.given), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as waiting:
            site.wait_sent("/clip.mp4", 5_000)
            waiting.send_signal(signal.SIGINT)
            said, beside = waiting.communicate(timeout=20)
        job = said.strip()
        assert waiting.returncode == 130
        assert beside == f"follow it: clipmill status {job}\n"
        site.release()
        until(lambda: (mill.store / "jobs" / job / "cutter" / "0" / "manifest.json").exists(), what="the job's end")
    assert mill.waiting_queues() == []


def test_it_waits_through_a_restart_of_the_broker(mill: Mill, site: Server) -> None:
    clips.clip(site.folder)
    site.rules["/clip.mp4"] = Behaviour(hold_after=5_000)
    command = [CLIPMILL, "submit", site.url("clip.mp4"), "--pipeline", "cutter", "--wait"]
    with (
        mill.working(),
        subprocess.Popen(
            command, env=environment(mill.given), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as waiting,
    ):
        site.wait_sent("/clip.mp4", 5_000)
        mill.broker.stop()
        site.release()
        mill.broker.start()
        said, beside = waiting.communicate(timeout=120)
    assert waiting.returncode == 0, said + beside
    assert "lost broker" in beside
    assert ": succeeded, 1 part" in said


def test_a_broker_that_was_never_made_ready_is_said_and_nothing_is_left(mill: Mill, tmp_path: Path) -> None:
    mill.broker.ctl("delete_queue", "-p", mill.fleet.vhost, "download_queue")
    file = clips.clip(tmp_path)
    done = mill.submit(file)
    assert done.returncode == 69
    assert "no queue takes messages for jobs/download" in done.stderr
    assert "sudo clipmill setup broker" in done.stderr
    assert list((mill.store / "inbox").iterdir()) == []


def test_a_wrong_password_is_said(mill: Mill) -> None:
    wrong = mill.given | {"BROKER_URL": mill.given["BROKER_URL"].replace("secret-of-people", "wrong")}
    done = clipmill("submit", "https://example.org/video", **wrong)
    assert done.returncode == 69
    assert "ACCESS_REFUSED" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else takes root")
def test_who_is_not_in_the_group_is_told_to_join_it(mill: Mill, tmp_path: Path) -> None:
    file = clips.clip(tmp_path)
    (mill.store / "inbox").chmod(0o3770)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    done = subprocess.run(
        [CLIPMILL, "submit", str(file)],
        env=environment(mill.given),
        capture_output=True,
        text=True,
        user="nobody",
        group="nogroup",
        extra_groups=[],
    )
    assert done.returncode == 1, done.stderr
    assert "add yourself to group clipmill: sudo adduser $USER clipmill, then log in again" in done.stderr


def test_without_a_manager_the_status_shows_what_waits_where(mill: Mill, tmp_path: Path) -> None:
    mill.submit("http://127.0.0.1:1/video.mp4")
    said = clipmill("status", "--manager", str(tmp_path / "none"), **mill.given)
    assert said.returncode == 69
    assert said.stdout.splitlines()[0].endswith(": connected, RabbitMQ 4.0.5")
    assert ["download_queue", "1"] in [line.split() for line in said.stdout.splitlines()]
