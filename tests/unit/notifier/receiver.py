"""A receiver of webhooks: a real HTTP server on localhost that answers as a test wants and keeps what it got."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Post"], int | None]
"""The status to answer with; None: hang up without an answer."""


@dataclass(frozen=True)
class Post:
    """What was posted."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Its address, and what it got."""

    def __init__(self, url: str, posts: queue.Queue[Post]) -> None:
        self.url = url
        self._posts = posts

    def post(self, seconds: float = 10) -> Post:
        """The next post."""
        return self._posts.get(timeout=seconds)

    def is_idle(self) -> bool:
        """Whether nothing more came."""
        return self._posts.empty()


@contextlib.contextmanager
def receiver(answer: Answer) -> Iterator[Receiver]:
    """Listens for as long as the block lasts."""
    posts: queue.Queue[Post] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            post = Post(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            posts.put(post)
            if status := answer(post):
                self.send_response(status)
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Receiver(f"http://127.0.0.1:{server.server_address[1]}/hooks?from=clipmill", posts)
        finally:
            server.shutdown()
            thread.join()
