"""Asks the manager over its unix socket, as `clipmill status` does."""

import asyncio
import http.client
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Answer:
    """What came back."""

    def __init__(self, status: int, content_type: str, body: bytes) -> None:
        self.status = status
        self.content_type = content_type
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("manager", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


async def ask(path: Path, target: str, method: str = "GET", *, body: bytes | None = None) -> Answer:
    """The answer to a request; asked in a thread, since the manager answers in this one's loop."""
    return await asyncio.to_thread(_ask, path, target, method, body)


async def ask_until(
    path: Path, target: str, accept: Callable[[Any], object], *, seconds: float = 20, every: float = 0.05
) -> Any:
    """The first answer that `accept` says yes to; a TimeoutError with the last one when there is none in time."""
    answer = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                answer = (await ask(path, target)).json
                if accept(answer):
                    return answer
                await asyncio.sleep(every)
    except TimeoutError:
        raise TimeoutError(f"{target} still answers {json.dumps(answer)[:2000]}") from None


def _ask(path: Path, target: str, method: str, body: bytes | None) -> Answer:
    connection = _Connection(path)
    try:
        connection.request(method, target, body)
        response = connection.getresponse()
        return Answer(response.status, response.headers.get("Content-Type", ""), response.read())
    finally:
        connection.close()
