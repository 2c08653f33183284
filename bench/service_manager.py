"""The bench in systemd's place: a NOTIFY_SOCKET that hears READY=1, and a watchdog that wants signs of life."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_WATCHDOG_USEC = 30_000_000


class ServiceManager:
    """The receiving end of sd_notify(3). It listens all the time: a full socket would block the service."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "notify.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._socket.bind(str(self._path))
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._listener.join()
        self._socket.close()
        self._path.unlink()

    @property
    def environment(self) -> dict[str, str]:
        """What a service is told of it."""
        return {"NOTIFY_SOCKET": str(self._path), "WATCHDOG_USEC": str(_WATCHDOG_USEC)}

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Returns when READY=1 has come. Raises TimeoutError."""
        if not self._ready.wait(seconds):
            raise TimeoutError(f"no READY=1 within {seconds:g} s")

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while said := self._socket.recv(4096):
                if b"READY=1" in said:
                    self._ready.set()
