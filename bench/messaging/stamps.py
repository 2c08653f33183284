"""Hears when jobs ran, whichever process ran them."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Stamp:
    """A job ran."""

    label: str
    seconds: float
    """On the clock of time.monotonic(), which all processes of a machine share."""


class Stamps:
    """The receiving end."""

    def __init__(self, directory: Path, name: str = "stamps.sock") -> None:
        self._path = directory / name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self) -> Self:
        self._socket.bind(str(self._path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._path.unlink()

    @property
    def address(self) -> str:
        """For Job.stamps."""
        return str(self._path)

    def next(self, seconds: float = 120) -> Stamp:
        """The next one. Raises TimeoutError."""
        if seconds <= 0:
            raise TimeoutError
        self._socket.settimeout(seconds)
        at, _, label = self._socket.recv(4096).decode().partition(" ")
        return Stamp(label, int(at) / 1e9)

    def until(self, deadline: float) -> list[Stamp]:
        """Those that come before `deadline` on the clock of time.monotonic()."""
        heard = []
        while True:
            try:
                heard.append(self.next(deadline - time.monotonic()))
            except TimeoutError:
                return heard
