"""A web server on localhost that serves a folder, with Range, and misbehaves where a test asks for it."""

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

TYPES = {
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".ts": "video/mp2t",
    ".mp3": "audio/mpeg",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".html": "text/html",
    ".xml": "application/xml",
    ".txt": "text/plain",
    ".png": "image/png",
}
BLOCK = 16384


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How one path is answered, instead of with the file of that name."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut_after: int | None = None
    """The connection is closed after so many bytes of the body, though more were promised."""
    hold_after: int | None = None
    """The answer stops after so many bytes and goes on when the test calls `release`."""


@dataclass
class Request:
    """One request, and how much of the body was sent for it."""

    path: str
    headers: Mapping[str, str]
    start: int = 0
    sent: int = 0


class Server:
    """What `serve` yields: set `rules[path]` to make the server misbehave, read `requests` to see what it was asked."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.rules: dict[str, Behaviour] = {}
        self.requests: list[Request] = []
        self._released = threading.Event()
        self._changed = threading.Condition()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{path.lstrip('/')}"

    def redirect(self, path: str, target: str) -> None:
        self.rules[path] = Behaviour(status=302, headers={"Location": target})

    def sent(self, path: str) -> int:
        """Bytes of the body that were sent for `path`, over all requests."""
        return sum(request.sent for request in self.requests if request.path == path)

    def release(self) -> None:
        """Let the answers go on that `hold_after` stopped, these and all that come."""
        self._released.set()

    def wait_sent(self, path: str, count: int, *, timeout: float = 30) -> None:
        """Returns when `count` bytes have been sent for `path`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.sent(path) >= count, timeout):
                raise TimeoutError(f"{path} was not asked for up to byte {count} within {timeout:g} s")

    def record(self, request: Request, count: int) -> None:
        with self._changed:
            request.sent += count
            self._changed.notify_all()

    def hold(self) -> None:
        self._released.wait(60)


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Serves `folder` on a port of its own until the block ends."""

    class Bound(_Handler):
        pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
    Bound.site = server = Server(folder, listener.server_address[1])
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.release()
        listener.shutdown()
        thread.join()
        listener.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: Server

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        rule = self.site.rules.get(path, Behaviour())
        request = Request(path, dict(self.headers))
        self.site.requests.append(request)
        with suppress(ConnectionError), self._body(path, rule) as body:  # the client has seen enough, or was killed
            self._answer(request, rule, body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Silence: a test that fails reads `requests`."""

    def _body(self, path: str, rule: Behaviour) -> BinaryIO:
        file = self.site.folder / path.lstrip("/")
        if rule.body is not None or rule.status != 200:
            return BytesIO(rule.body or b"")
        return file.open("rb") if file.is_file() else BytesIO()

    def _answer(self, request: Request, rule: Behaviour, body: BinaryIO) -> None:
        total = body.seek(0, os.SEEK_END)
        request.start, end = _range(self.headers.get("Range"), total)
        self._head(request.path, rule, (request.start, end, total))
        if self.command != "HEAD":
            body.seek(request.start)
            self._send(body, end - request.start, rule, request)

    def _head(self, path: str, rule: Behaviour, place: tuple[int, int, int]) -> None:
        start, end, total = place
        missing = rule == Behaviour() and not (self.site.folder / path.lstrip("/")).is_file()
        partial = (start, end) != (0, total) and rule.status == 200
        headers = {"Content-Type": TYPES.get(Path(path).suffix, "application/octet-stream"), "Accept-Ranges": "bytes"}
        if partial:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{total}"
        headers |= {"Content-Length": str(end - start)} | dict(rule.headers)
        self.send_response(404 if missing else 206 if partial else rule.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, body: BinaryIO, count: int, rule: Behaviour, request: Request) -> None:
        stop = min(limit for limit in (rule.cut_after, rule.hold_after, count) if limit is not None)
        self._write(body, stop, request)
        if rule.hold_after is not None and stop < count:
            self.site.hold()
            self._write(body, count - stop, request)

    def _write(self, body: BinaryIO, count: int, request: Request) -> None:
        while count > 0 and (block := body.read(min(BLOCK, count))):
            self.wfile.write(block)
            self.site.record(request, len(block))
            count -= len(block)


def _range(header: str | None, total: int) -> tuple[int, int]:
    """The half-open range of bytes that a Range header asks for."""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", header or "")
    if not match or int(match[1]) >= total:
        return 0, total
    return int(match[1]), min(int(match[2]) + 1, total) if match[2] else total
