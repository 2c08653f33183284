"""The manager's socket: made where it can be, and refused with advice where it cannot."""

import socket
from pathlib import Path

import pytest

from clipmill.settings import BadSettings
from clipmill_manager.listener import listen


def test_it_takes_the_place_of_what_a_dead_process_left(tmp_path: Path) -> None:
    path = tmp_path / "manager.sock"
    listen(path).close()
    with listen(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize(
    ("place", "reason"), [("nowhere/manager.sock", "No such file"), ("x" * 120 + "/manager.sock", "path too long")]
)
def test_a_place_where_none_can_be_made_is_bad_settings(tmp_path: Path, place: str, reason: str) -> None:
    (tmp_path / ("x" * 120)).mkdir()
    with pytest.raises(BadSettings, match=reason):
        listen(tmp_path / place)


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "manager.sock").mkdir()
    with pytest.raises(BadSettings, match=r"manager\.sock"):
        listen(tmp_path / "manager.sock")
