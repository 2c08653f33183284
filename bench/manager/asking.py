"""Asks the manager over its socket for what a page or a command would ask for, and how long that took."""

from __future__ import annotations

import http.client
import socket
import statistics
import time
from collections import defaultdict
from pathlib import Path


class Desk:
    """The manager's socket, and the milliseconds of each answer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.took: dict[str, list[float]] = defaultdict(list)

    def ask(self, what: str, target: str) -> bytes:
        """The answer's body. Raises OSError where nobody answers."""
        connection = _Connection(self._path)
        start = time.monotonic()
        try:
            connection.request("GET", target)
            body = connection.getresponse().read()
        finally:
            connection.close()
        self.took[what].append((time.monotonic() - start) * 1000)
        return body

    def table(self) -> str:
        """A row a question: median and 95th percentile."""
        rows = [f"{'question':26} {'asked':>6} {'p50 ms':>8} {'p95 ms':>8}"]
        for what, took in self.took.items():
            p95 = statistics.quantiles(took, n=20)[-1]
            rows.append(f"{what:26} {len(took):6} {statistics.median(took):8.1f} {p95:8.1f}")
        return "\n".join(rows)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("manager", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
