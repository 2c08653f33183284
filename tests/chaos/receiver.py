"""The receiver of notices: a web server that keeps every one, and answers when no fault is to strike first."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from tests.chaos.moment import Moment, Point, Watch

_ANSWER = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True)
class Receipt:
    """A notice as it came."""

    id: str
    job_id: str
    link: str | None
    ending: str
    digest: str


class Receiver:
    """Keeps what comes."""

    def __init__(self, watch: Watch) -> None:
        self.receipts: list[Receipt] = []
        self.port = 0
        self._watch = watch

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen during the block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            headers = await _headers(reader)
            body = await reader.readexactly(int(headers["content-length"]))
            self.receipts.append(_receipt(headers, body))
            await self._watch.pass_by(Moment(Point.SENT, "notifier"))
            writer.write(_ANSWER)
            await writer.drain()
        writer.close()


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[1:]
    pairs = (line.partition(":") for line in lines if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _receipt(headers: dict[str, str], body: bytes) -> Receipt:
    notice = json.loads(body)
    payload = notice["payload"]
    return Receipt(
        id=headers["webhook-id"],
        job_id=notice["jobId"],
        link=payload.get("link"),
        ending=payload["ending"],
        digest=hashlib.sha256(body).hexdigest(),
    )
