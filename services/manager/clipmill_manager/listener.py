"""HTTP over a unix socket inside the manager's own event loop: uvicorn, without its signals, its log and its files."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from clipmill.settings import BadSettings

_MODE = 0o660  # the manager's group is `clipmill`: its people may ask


class _Server(uvicorn.Server):
    """uvicorn as a part of a process that is somebody else's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave SIGTERM and SIGINT to the frame, which drains the manager."""
        yield

    async def main_loop(self) -> None:
        """Wait to be cancelled; uvicorn's own wakes up ten times a second to look for a signal."""
        await self.on_tick(0)
        try:
            await asyncio.Event().wait()
        finally:
            for server in self.servers:
                server.close()


def listen(path: Path) -> socket.socket:
    """A socket that answers at `path`, in place of what an earlier process left there. Raises BadSettings."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
        path.chmod(_MODE)
        listening.listen()
    except OSError as error:
        listening.close()
        raise BadSettings([f"no socket can be made at {path}: {error.strerror or error}; see to its folder"]) from None
    return listening


def listen_on(address: str) -> socket.socket:
    """A socket that answers at HOST:PORT. Raises OSError."""
    parts = urllib.parse.urlsplit(f"//{address}")
    host = parts.hostname or ""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, parts.port or 0), family=family)


async def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Answer until cancelled."""
    # what is worth telling, we tell: uvicorn's INFO is one line a request
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        loop="none",
        server_header=False,
        date_header=False,
    )
    await _Server(config).serve(sockets=[listening])
