"""The command as a whole: help, version, completion, and how it ends when it cannot do what it was asked."""

from pathlib import Path

import pytest

from tests.rig.command import clipmill

COMMANDS = ("submit", "run", "get", "status", "workers", "jobs", "cancel", "dlq", "setup", "doctor")
NO_BROKER = "amqp://nobody:secret@127.0.0.1:1/nowhere"


def test_help_names_every_command_and_gives_examples() -> None:
    said = clipmill("--help")
    assert said.returncode == 0
    assert "clipmill run holiday.mp4" in said.stdout
    for command in COMMANDS:
        assert f"\n  {command} " in said.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    said = clipmill(command, "--help")
    assert said.returncode == 0
    assert said.stdout.startswith(f"Usage: clipmill {command}")


def test_it_tells_its_version() -> None:
    assert clipmill("--version").stdout.startswith("clipmill 0.")


def test_a_command_that_is_not_there_is_a_usage_error_with_a_suggestion() -> None:
    said = clipmill("submti")
    assert said.returncode == 2
    assert "Did you mean 'submit'?" in said.stderr


def test_a_shell_completes_commands_and_options() -> None:
    completed = clipmill(COMP_WORDS="clipmill s", COMP_CWORD="1", _CLIPMILL_COMPLETE="complete_bash").stdout.split()
    assert completed == ["submit", "status", "setup"]
    completed = clipmill(
        COMP_WORDS="clipmill run --", COMP_CWORD="2", _CLIPMILL_COMPLETE="complete_bash"
    ).stdout.split()
    assert "--pipeline" in completed


def test_the_completion_that_a_package_ships_is_bash() -> None:
    assert "complete -o default -F _clipmill_completion clipmill" in clipmill(_CLIPMILL_COMPLETE="source_bash").stdout


def test_a_broker_that_is_not_there_is_one_sentence_that_says_what_to_do_and_69() -> None:
    said = clipmill("submit", "https://example.org/video", BROKER_URL=NO_BROKER)
    assert said.returncode == 69
    assert said.stderr == (
        "clipmill: broker 127.0.0.1:1: refused; start it (sudo systemctl start rabbitmq-server), or set BROKER_URL\n"
    )
    assert said.stdout == ""


def test_bad_settings_are_all_named_at_once_and_78() -> None:
    said = clipmill("submit", "https://example.org/video", BROKER_URL="nonsense", PART_SECONDS="many")
    assert said.returncode == 78
    assert "BROKER_URL=nonsense" in said.stderr
    assert "PART_SECONDS=many" in said.stderr
    assert "Traceback" not in said.stderr


def test_what_is_neither_a_link_nor_a_file_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    said = clipmill("submit", "nothing.mp4", "ftp://host/video", str(tmp_path), BROKER_URL=NO_BROKER)
    assert said.returncode == 2
    assert said.stderr.splitlines() == [
        "clipmill: 'nothing.mp4' is neither a file that is here nor a link that begins with http(s)://",
        "'ftp://host/video' is no link to follow: it must begin with http:// or https://",
        f"'{tmp_path}' is a folder; name a video file",
    ]


def test_a_pipeline_of_services_that_are_not_there_is_a_usage_error() -> None:
    said = clipmill("submit", "https://example.org/video", "--pipeline", "cutter,polisher")
    assert said.returncode == 2
    assert "no service named 'polisher'; there are: download, cutter, preview" in said.stderr


@pytest.mark.parametrize("command", [("status",), ("status", "abc"), ("workers",), ("jobs",)])
def test_a_manager_that_is_not_there_is_said_with_what_to_do_and_never_0(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    socket = str(tmp_path / "manager.sock")
    (tmp_path / "jobs" / "abc").mkdir(parents=True)
    said = clipmill(*command, "--manager", socket, BROKER_URL=NO_BROKER, STORE=str(tmp_path))
    assert said.returncode == 69
    assert f"the manager does not answer at {socket}: no such file or directory; start it" in said.stderr


def test_without_a_manager_the_status_still_tells_of_the_broker(tmp_path: Path) -> None:
    said = clipmill("status", "--manager", str(tmp_path / "manager.sock"), BROKER_URL=NO_BROKER)
    assert said.stdout.startswith("broker 127.0.0.1:1: refused; start it")
