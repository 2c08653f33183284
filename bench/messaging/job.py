"""The job that every worker is given. It does nothing but what measuring needs; no dependency: peers import it too."""

from __future__ import annotations

import os
import signal
import socket
import time
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Job:
    """A no-op by default."""

    label: str = ""
    stamps: str = ""
    """The socket that wants to know when it ran; "" for none."""
    pause: float = 0.0
    kills: bool = False
    """Whether it kills the process in which it runs."""

    @property
    def fields(self) -> dict[str, str | float | bool]:
        """As it travels."""
        return asdict(self)


def perform(label: str, stamps: str, pause: float, kills: bool) -> None:
    """The job's work."""
    if stamps:
        _stamp(label, stamps)
    if pause:
        time.sleep(pause)
    if kills:
        os.kill(os.getpid(), signal.SIGKILL)


def _stamp(label: str, stamps: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stamp:
        stamp.sendto(f"{time.monotonic_ns()} {label}".encode(), stamps)
