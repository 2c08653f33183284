"""A proxy on loopback between one process and the broker, so that its connection alone can be struck."""

import asyncio
import contextlib

from tests.chaos.link import Link
from tests.chaos.moment import Watch


class Proxy:
    """Listens on one port for its whole life, except while it refuses, as the port of a stopped broker does."""

    def __init__(self, unit: str, watch: Watch, broker: tuple[str, int]) -> None:
        self.unit = unit
        self.port = 0
        self.links: list[Link] = []
        self.half_open: list[Link] = []
        """Links that fell silent."""
        self._watch = watch
        self._broker = broker
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Take connections."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Take none for now; those that stand are left alone."""
        if self._server:
            self._server.close()
            self._server = None

    async def close(self) -> None:
        """End everything."""
        self.refuse()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def cut(self) -> None:
        """Every connection is reset on both sides."""
        for link in self.links:
            link.cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._running.add(task)
        try:
            with contextlib.suppress(OSError):
                await self._relay(reader, writer)
        except asyncio.CancelledError:
            pass  # asyncio's server would log it as an error
        finally:
            self._running.discard(task)
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_connection(*self._broker)
        link = Link(self.unit, self._watch, (reader, writer), upstream)
        self.links.append(link)
        try:
            await link.run()
        finally:
            self.links.remove(link)
            if link.silent_since is not None:
                self.half_open.append(link)
