"""Cuts the network of a container: packets to and from it vanish without a word, as when a cable is pulled."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.rig.broker import Broker

# Runs in the container's network namespace, with the host's Python: SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP (netdevice(7)).
_SWITCH = """
import fcntl, socket, struct, sys
up = sys.argv[1] == "up"
with socket.socket() as any:
    flags = struct.unpack("16sH", fcntl.ioctl(any, 0x8913, struct.pack("16sH", b"eth0", 0))[:18])[1]
    fcntl.ioctl(any, 0x8914, struct.pack("16sH", b"eth0", flags | 1 if up else flags & ~1))
"""


@contextmanager
def cut(broker: Broker) -> Iterator[None]:
    """Nothing reaches the broker during the block."""
    _switch(broker, "down")
    try:
        yield
    finally:
        _switch(broker, "up")


def _switch(broker: Broker, state: str) -> None:
    command = ["nsenter", "--target", str(broker.pid), "--net", sys.executable, "-c", _SWITCH, state]
    subprocess.run(command, check=True)
