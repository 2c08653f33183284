"""`clipmill doctor`: what each check makes of what it sees."""

import datetime
import json
import os
import pwd
import re
import shutil
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clipmill_cli.doctor import command, configuration, downloader, programs, store, units
from clipmill_cli.doctor.finding import Finding, Level, ok, problem
from clipmill_cli.doctor.place import Place
from clipmill_cli.fleet.file import SettingsFile, known_keys
from clipmill_cli.fleet.units import wanted
from clipmill_cli.main import app

EXAMPLE = Path("deploy/systemd/clipmill.env")
OK, UNCHECKED, WARNING, PROBLEM = Level.OK, Level.UNCHECKED, Level.WARNING, Level.PROBLEM


# settings


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """A fleet's clipmill.env, empty so far."""
    path = tmp_path / "clipmill.env"
    path.touch()
    return path


def of_settings(env_file: Path, text: str) -> list[Finding]:
    """The findings on a clipmill.env with this text."""
    env_file.write_text(text)
    return list(configuration.check(Place(env_file=env_file)))


def test_settings_that_are_all_known_are_understood(env_file: Path) -> None:
    (only,) = of_settings(env_file, "DOWNLOAD_WORKERS=3\nJOB_TIMEOUT=60\nCUTTER_JOB_TIMEOUT=90\n# a remark\n")
    assert only == ok("settings", f"{env_file} is understood")


def test_every_key_of_the_example_is_known() -> None:
    keys = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE))
    assert keys
    assert keys <= known_keys()


def test_a_key_that_nothing_reads_is_told_with_the_one_that_is_meant(env_file: Path) -> None:
    (misspelt,) = of_settings(env_file, "DOWNLOAD_WORKER=3")
    assert misspelt.says == f"{env_file}:1: nothing reads DOWNLOAD_WORKER; is DOWNLOAD_WORKERS meant?"
    (unknown,) = of_settings(env_file, "# mine\nCOLOUR=blue")
    assert unknown.says == f"{env_file}:2: nothing reads COLOUR; remove the line"


def test_every_mistake_is_told_once(env_file: Path) -> None:
    found = of_settings(env_file, "DISK_RESERVE=lots\nSTORE=here\nCUTTER_JOB_TIMEOUT=soon\n")
    assert [finding.level for finding in found] == [PROBLEM] * 3
    assert [finding.says.split("=")[0].removeprefix(f"{env_file}:") for finding in found] == [
        "1: DISK_RESERVE",
        "2: STORE",
        "3: CUTTER_JOB_TIMEOUT",
    ]


def test_a_mistake_in_the_environment_is_told_too(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PART_SECONDS", "none")
    assert of_settings(env_file, "")[0].says == "PART_SECONDS=none: is no number of seconds"


def test_a_count_that_the_generator_cannot_read_is_told(env_file: Path) -> None:
    (only,) = of_settings(env_file, "CUTTER_WORKERS=two")
    assert only.says.startswith(f"{env_file}:1: CUTTER_WORKERS=two: is no number of workers")
    assert SettingsFile.read(env_file).workers() == {"download": 2, "cutter": 1, "preview": 1}


def test_a_password_that_everybody_can_read_is_told(env_file: Path) -> None:
    env_file.chmod(0o644)
    (only,) = of_settings(env_file, "BROKER_URL=amqp://mill:secret@localhost/clips")
    assert only.level is WARNING
    assert "secret" not in only.says + only.remedy
    env_file.chmod(0o640)
    assert of_settings(env_file, "BROKER_URL=amqp://mill:secret@localhost/clips")[0].level is OK


# units

RUNS = {
    "Id": "download@1.service",
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "Result": "success",
    "ExecMainStatus": "0",
    "NRestarts": "0",
    "StatusText": "",
}
TARGET = {"Id": "clipmill.target", "LoadState": "loaded", "ActiveState": "active"}
SETUP = {"Id": "clipmill-broker.service", "ActiveState": "inactive", "Result": "success"}


@pytest.mark.parametrize(
    ("properties", "level", "says"),
    [
        ({"StatusText": "idle: waiting for steps on download_queue"}, OK, "active: download@1"),
        ({"StatusText": "job 1: download 0, attempt 1, 12 %"}, OK, "active: download@1"),
        ({"StatusText": ""}, OK, "active: download@1"),
        (
            {"StatusText": "waiting for broker b:5672: refused"},
            WARNING,
            "download@1: waiting for broker b:5672: refused",
        ),
        ({"ActiveState": "activating"}, WARNING, "download@1 is starting"),
        ({"ActiveState": "inactive"}, PROBLEM, "download@1 is inactive"),
        ({"ActiveState": "failed", "Result": "oom-kill"}, PROBLEM, "download@1 failed: oom-kill"),
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78"},
            PROBLEM,
            "download@1 refuses its settings or surroundings (exit 78)",
        ),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "signal", "NRestarts": "3"},
            PROBLEM,
            "download@1 ends as soon as it is started, 3 times so far",
        ),
        (
            {"ActiveState": "activating", "SubState": "start", "NRestarts": "4"},
            PROBLEM,
            "download@1 ends as soon as it is started, 4 times so far",
        ),
    ],
)
def test_a_unit_is_judged_by_what_systemd_says(properties: dict[str, str], level: Level, says: str) -> None:
    other = RUNS | {"Id": "notifier.service"}
    found = list(units.judge([TARGET, SETUP, RUNS | properties, other]))
    assert (level, says) in [(finding.level, finding.says.replace(", notifier", "")) for finding in found]
    assert all(finding.remedy for finding in found if finding.level is not OK)


def test_a_stopped_fleet_is_one_problem() -> None:
    stopped = {"ActiveState": "inactive"}
    (only,) = units.judge([TARGET | stopped, SETUP, RUNS | stopped])
    assert only == problem("units", "the fleet is stopped", "sudo systemctl start clipmill.target")


def test_a_broker_that_could_not_be_set_up_is_told() -> None:
    found = list(units.judge([TARGET, SETUP | {"Result": "exit-code"}, RUNS]))
    assert found[0].says == "clipmill-broker.service failed: exit-code"


def test_without_our_units_there_is_nothing_to_judge() -> None:
    (only,) = units.judge([TARGET | {"LoadState": "not-found"}, SETUP, RUNS])
    assert only.level is UNCHECKED


def test_as_many_units_are_expected_as_the_settings_ask_for() -> None:
    assert wanted({"download": 2, "cutter": 0, "preview": 1}) == [
        "download@1.service",
        "download@2.service",
        "preview@1.service",
        "notifier.service",
        "manager.service",
    ]


# disk and store


@pytest.mark.parametrize(("free", "level"), [(99, PROBLEM), (100, WARNING), (199, WARNING), (200, OK)])
def test_the_disk_is_judged_by_its_reserve(free: int, level: Level) -> None:
    assert store.room(free, 100).level is level


def test_a_folder_that_is_missing_or_anothers_is_told_with_the_way_out(tmp_path: Path) -> None:
    absent = store.trouble_with(store.Folder(path=tmp_path / "none", owner="clipmill", mode=0o750))
    assert absent
    assert absent.level is PROBLEM
    foreign = store.trouble_with(store.Folder(path=tmp_path, owner="clipmill", mode=0o750))
    assert foreign
    assert foreign.says.startswith(f"{tmp_path} belongs to {pwd.getpwuid(os.getuid()).pw_name}:")
    assert foreign.remedy == f"sudo chown clipmill:clipmill {tmp_path}"


# programs


@pytest.mark.parametrize(
    ("version", "level", "says"),
    [
        ("2026.10.26", OK, "2026.10.26, 36 days old"),
        ("2026.09.02", OK, "2026.09.02, 90 days old"),
        ("2026.09.01", WARNING, "2026.09.01 is 91 days old, and sites change"),
        ("2026.11.30.232412.dev0", OK, "2026.11.30.232412.dev0, 1 days old"),
        ("unheard of", OK, "unheard of"),
    ],
)
def test_an_old_yt_dlp_is_told(version: str, level: Level, says: str) -> None:
    found = downloader.freshness(version, datetime.date(2026, 12, 1))
    assert (found.level, found.says) == (level, says)


def test_programs_that_are_there_are_named_with_their_version() -> None:
    found = {finding.check: finding for finding in programs.check()}
    assert {finding.level for finding in found.values()} == {OK}
    assert found["ffprobe"].says.endswith(f", {shutil.which('ffprobe')}")
    assert "with FFmpeg" in found["PyAV"].says


def test_a_missing_program_is_told_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    missing = [finding for finding in programs.check() if finding.level is PROBLEM]
    assert [finding.check for finding in missing] == ["ffprobe", "ffmpeg"]
    assert {finding.remedy for finding in missing} == {"sudo apt install ffmpeg"}


def test_a_program_that_does_not_run_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ffmpeg", "ffprobe"):
        (tmp_path / name).write_text("#!/bin/sh\necho library missing >&2; exit 127\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert "it does not run: ffmpeg: library missing" in [finding.says for finding in programs.check()]


# the whole


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> str:
    """A broker that nobody can reach."""
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{port.getsockname()[1]}"
    monkeypatch.setenv("BROKER_URL", f"amqp://clipmill:tell-nobody@{address}/clipmill")
    return address


def test_a_problem_is_exit_status_1_and_says_what_to_do(broker: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "--json", "--manager", str(tmp_path / "none")])
    told = {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert done.exit_code == 1
    assert told["broker"]["level"] == "problem"
    assert told["broker"]["says"] == f"{broker} cannot be reached: refused"
    assert "systemctl start rabbitmq-server" in told["broker"]["remedy"]


@pytest.mark.usefixtures("broker")
def test_no_password_is_ever_told(tmp_path: Path) -> None:
    assert "tell-nobody" not in CliRunner().invoke(app, ["doctor", "--manager", str(tmp_path / "none")]).output


def test_settings_that_cannot_be_used_leave_the_rest_to_be_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STORE", "here")
    found = list(command.examine(Place(env_file=tmp_path / "none"), tmp_path / "none"))
    assert [finding.says for finding in found if finding.level is PROBLEM] == ["STORE=here: must be an absolute path"]
    assert {"ffmpeg", "yt-dlp", "units", "manager", "you"} <= {finding.check for finding in found}
