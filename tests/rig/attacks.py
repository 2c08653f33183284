"""What a program that has taken over a handler would try. As a program: `attacks.py NAME TARGET`, without a sandbox.

Standard library only, since it also runs inside machines. Each raises OSError when it comes to nothing.
"""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PTRACE_SEIZE, _PTRACE_DETACH = 0x4206, 17
_SECONDS = 3
_FILES, _FILE_BYTES = 512, 16 << 20


def read(path: str) -> object:
    return Path(path).read_bytes()[:1]


def look_around(folder: str) -> object:
    return list(Path(folder).iterdir())


def write(path: str) -> object:
    return os.write(os.open(path, os.O_WRONLY | os.O_CREAT), b"taken over")


def remove(path: str) -> object:
    Path(path).unlink()
    return None


def link(path: str) -> object:
    """Another name for it, in a folder of the attacker's own, through which it could be changed or handed on."""
    own = f"stolen-{os.getpid()}"
    os.link(path, own)
    Path(own).unlink()
    return None


def send_signal(pid: str) -> object:
    os.kill(int(pid), signal.SIGURG)
    return None


def trace(pid: str) -> object:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(_PTRACE_SEIZE, ctypes.c_int(int(pid)), None, None):
        raise OSError(ctypes.get_errno(), "ptrace")
    return libc.ptrace(_PTRACE_DETACH, ctypes.c_int(int(pid)), None, None)


def read_memory(pid: str) -> object:
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        return memory.fileno()


def read_environment(pid: str) -> object:
    return Path(f"/proc/{pid}/environ").read_bytes()[:1]


def connect(address: str) -> object:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=_SECONDS) as connection:
        return connection.getpeername()


def send_datagram(address: str) -> object:
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((host, int(port)))
        return sender.send(b"?")


def listen(address: str) -> object:
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind((host, int(port)))
    return None


def talk_to_abstract_socket(name: str) -> object:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(f"\0{name}")
    return None


def leave_a_process_behind(path: str) -> object:
    """One that has left its group and session and lost its parents, and goes on to write into `path` forever."""
    if not os.fork():
        os.setsid()
        if not os.fork():
            while True:
                Path(path).write_text(str(time.monotonic_ns()))
        os._exit(0)
    os.wait()
    deadline = time.monotonic() + _SECONDS
    while not Path(path).exists() and time.monotonic() < deadline:
        pass
    return Path(path).stat()


def fork_without_end(_: str) -> object:
    """As many processes as there may be, each forking again; the first of them goes on with its life after a while."""
    first, deadline = os.getpid(), time.monotonic() + _SECONDS
    while os.getpid() != first or time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            os.fork()
    return None


def take_all_memory(_: str) -> object:
    """A page at a time, for good."""
    hoard = []
    while True:
        hoard.append(os.urandom(1 << 20))


def keep_cores_busy(seconds: str) -> object:
    """Two of them, and how much CPU time they got, in seconds."""
    deadline = time.monotonic() + float(seconds)
    helper = os.fork()
    while time.monotonic() < deadline:
        pass
    if not helper:
        os._exit(0)
    os.wait()
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def fill_the_disk(folder: str) -> object:
    """File after file, each at once."""
    for number in range(_FILES):
        with Path(folder, f"junk-{number}").open("wb") as junk:
            os.posix_fallocate(junk.fileno(), 0, _FILE_BYTES)
        time.sleep(0.001)  # the work itself: half a gigabyte in a second
    return None


def allocate_at_once(folder: str) -> object:
    """All that the disk has, in one call."""
    with Path(folder, "junk").open("wb") as junk:
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        os.ftruncate(junk.fileno(), free)
    return None


ATTACKS: dict[str, Callable[[str], object]] = {
    attack.__name__: attack
    for attack in (
        *(read, look_around, write, remove, link, send_signal, trace, read_memory, read_environment),
        *(connect, send_datagram, listen, talk_to_abstract_socket),
        *(take_all_memory, keep_cores_busy),
        *(leave_a_process_behind, fork_without_end, fill_the_disk, allocate_at_once),
    )
}

if __name__ == "__main__":
    print(ATTACKS[sys.argv[1]](sys.argv[2]))
