"""The door to external programs: what goes wrong there is one error with the reason in it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clipmill import tools
from clipmill.outcome import ToolError


def test_each_line_of_output_is_handed_over() -> None:
    """As it comes, without its end."""
    lines: list[str] = []
    tools.run(["printf", "a\\nb\\n"], timeout=10, on_line=lines.append)
    assert lines == ["a", "b"]


def test_a_failure_says_what_the_program_said_last() -> None:
    """And may be tried again."""
    with pytest.raises(ToolError, match="sh: no such luck") as caught:
        tools.run(["sh", "-c", "echo first >&2; echo no such luck >&2; exit 3"], timeout=10)
    assert not caught.value.permanent


def test_a_signal_is_named() -> None:
    """A crash of the program is no riddle."""
    with pytest.raises(ToolError, match="SIGSEGV"):
        tools.run(["sh", "-c", "kill -SEGV $$"], timeout=10)


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    """The group is killed, not the program alone."""
    script = f"sleep 300 & echo $! > {tmp_path}/pid; wait"
    with pytest.raises(ToolError, match="longer than 0 s") as caught:
        tools.run(["sh", "-c", script], timeout=0.4)
    assert caught.value.cause == "timeout"
    _gone(int((tmp_path / "pid").read_text()))


def test_it_ends_when_its_reader_gives_up(tmp_path: Path) -> None:
    """A handler that is interrupted leaves no ffmpeg behind."""

    def give_up(line: str) -> None:
        raise KeyError(line)

    with pytest.raises(KeyError):
        tools.run(["sh", "-c", f"echo $$ > {tmp_path}/pid; echo line; sleep 300"], timeout=60, on_line=give_up)
    _gone(int((tmp_path / "pid").read_text()))


def test_much_on_standard_error_does_not_block() -> None:
    """More than a pipe holds."""
    assert tools.output(["sh", "-c", "head -c 1000000 /dev/zero >&2; echo done"], timeout=20) == "done"


def test_the_program_sees_a_clean_environment() -> None:
    """No credentials directory, no proxy, nothing of ours."""
    names = {line.split("=")[0] for line in tools.output(["env"], timeout=10).splitlines()}
    assert names <= {"PATH", "LANG", "LC_ALL", "TMPDIR", "HOME", "PWD", "SHLVL", "_"}


def _gone(pid: int) -> None:
    """Within a second there is no such process, or only a zombie that init has not buried."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
    raise AssertionError(f"process {pid} lives on")


def test_it_dies_with_whoever_started_it(tmp_path: Path) -> None:
    """A child that is killed leaves no ffmpeg behind that writes into the workspace of the next attempt."""
    script = (
        f"from clipmill import tools; tools.run(['sh', '-c', 'echo $$ > {tmp_path}/pid; exec sleep 300'], timeout=300)"
    )
    starter = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 20
    while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    starter.kill()
    starter.wait()
    _gone(int((tmp_path / "pid").read_text()))
