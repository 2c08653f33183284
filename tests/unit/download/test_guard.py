"""The guard, on this process's own sockets and programs."""

import socket
import subprocess
from collections.abc import Iterator

import pytest

from clipmill.outcome import ToolError
from clipmill_download import guard


@pytest.fixture
def port() -> Iterator[int]:
    """A port of 127.0.0.1 on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_denied_address_is_out_of_reach_within_the_block_and_only_there(port: int) -> None:
    with guard.standing(["loopback"]):
        with pytest.raises(PermissionError, match=r"127\.0\.0\.1 lies in loopback, .*_DENY_NETWORKS denies"):
            socket.create_connection(("127.0.0.1", port))
        with pytest.raises(PermissionError):
            socket.create_connection(("localhost", port))
    socket.create_connection(("127.0.0.1", port)).close()


def test_an_address_that_is_not_denied_is_reached(port: int) -> None:
    with guard.standing(["link-local", "multicast"]):
        socket.create_connection(("127.0.0.1", port)).close()


def test_every_way_to_send_is_checked(port: int) -> None:
    address = ("127.0.0.1", port)
    with guard.standing(["loopback"]), socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        for send in (
            lambda: stream.connect(address),
            lambda: stream.connect_ex(address),
            lambda: datagram.sendto(b"x", address),
            lambda: datagram.sendmsg([b"x"], [], 0, address),
        ):
            with pytest.raises(PermissionError):
                send()


def test_a_name_is_not_left_to_connect_to_resolve(port: int) -> None:
    with guard.standing(["loopback"]), socket.socket() as stream:
        for name in ("localhost", "2130706433", "0x7f000001"):
            with pytest.raises(PermissionError, match="is no numeric address"):
                stream.connect((name, port))


def test_an_ipv6_socket_does_not_reach_a_denied_ipv4_address(port: int) -> None:
    with guard.standing(["loopback"]), socket.socket(socket.AF_INET6) as stream, pytest.raises(PermissionError):
        stream.connect(("::ffff:127.0.0.1", port))


def test_the_journal_and_our_worker_are_reached_through_socket_files() -> None:
    ours, theirs = socket.socketpair()
    with guard.standing(["loopback"]), ours, theirs:
        ours.sendall(b"hello")
        assert theirs.recv(5) == b"hello"


@pytest.mark.parametrize(
    "command",
    [
        ["ffmpeg", "-i", "http://127.0.0.1/x.m3u8", "-c", "copy", "x.mp4"],
        ["ffprobe", "rtmp://127.0.0.1/x"],
        ["/usr/bin/curl", "127.0.0.1"],
        ["sh", "-c", "true"],
    ],
)
def test_no_program_fetches_by_itself(command: list[str]) -> None:
    with guard.standing([]), pytest.raises(PermissionError, match="would fetch past the guard"):
        subprocess.run(command, check=False)


def test_ffmpeg_works_on_files() -> None:
    with guard.standing(["loopback"]):
        subprocess.run(["ffmpeg", "-v", "error", "-version"], check=True, capture_output=True)


def test_a_setting_that_names_no_network_is_told_with_its_name() -> None:
    with pytest.raises(ToolError, match="DOWNLOAD_DENY_NETWORKS: 'intranet'"), guard.standing(["intranet"]):
        pass
