"""How a service starts, and refuses to: as systemd starts it, a process with an environment."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVICES = ["download", "cutter", "preview", "notifier", "manager"]


def command(service: str) -> list[str]:
    """As in the unit."""
    return [sys.executable, "-P", "-m", f"clipmill_{service}", *(["1"] if service in SERVICES[:3] else [])]


@pytest.mark.parametrize("service", SERVICES[:3])
def test_a_worker_that_cannot_start_lists_every_mistake_at_once_and_exits_78(service: str, tmp_path: Path) -> None:
    """Settings, programs and directories together; no traceback; systemd does not restart it."""
    (tmp_path / "file").touch()
    wrong = {"BROKER_URL": "http://x", "PART_SECONDS": "soon", "PATH": "/nowhere", "STORE": "here"}
    run = subprocess.run(command(service), env=wrong, capture_output=True, text=True, timeout=60)
    assert run.returncode == 78
    for mistake in (
        "BROKER_URL=http://x",
        "PART_SECONDS=soon",
        "ffmpeg: not found",
        "ffprobe: not found",
        "STORE=here",
    ):
        assert mistake in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_a_state_directory_that_cannot_be_made_is_named(service: str, tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "file").touch()
    state = tmp_path / "file" / "state"
    given = {"STATE_DIRECTORY": str(state), "STORE": str(tmp_path / "store"), "PATH": os.environ["PATH"]}
    run = subprocess.run(command(service), env=given, capture_output=True, text=True, timeout=60)
    assert run.returncode == 78
    assert f"{state}: cannot be made" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_without_a_broker_it_is_ready_all_the_same_says_what_it_waits_for_and_stops_when_told(
    service: str, tmp_path: Path
) -> None:
    """No start, boot or apt ever blocks on a broker; SIGTERM ends it with status 0."""
    (tmp_path / "run").mkdir()
    with listener(tmp_path / "notify") as said:
        given = {
            "BROKER_URL": "amqp://localhost:1/x",
            "STORE": str(tmp_path / "store"),
            "STATE_DIRECTORY": str(tmp_path / "state"),
            "RUNTIME_DIRECTORY": str(tmp_path / "run"),
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "PATH": os.environ["PATH"],
        }
        process = subprocess.Popen(command(service), env=given, stderr=subprocess.DEVNULL)
        try:
            assert said("READY=1")
            assert said("STATUS=waiting for broker localhost:1: refused")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert said("STOPPING=1")


@contextmanager
def listener(path: Path) -> Iterator["Said"]:
    """What systemd is on the other side of NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        said = Said(receiver)
        yield said
        said.end()


class Said:
    """Everything that was said so far; calling it waits for a line that begins so."""

    def __init__(self, receiver: socket.socket) -> None:
        self._receiver = receiver
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def __call__(self, beginning: str) -> bool:
        with self._news:
            return self._news.wait_for(lambda: any(line.startswith(beginning) for line in self._lines), timeout=30)

    def end(self) -> None:
        """Hear no more."""
        self._receiver.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def _listen(self) -> None:
        while data := self._receiver.recv(8192):
            with self._news:
                self._lines += data.decode().splitlines()
                self._news.notify_all()
