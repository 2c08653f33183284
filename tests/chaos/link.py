"""One connection of a worker through the suite's proxy: it can be held, cut on either side, or fall silent."""

import asyncio
import contextlib
import time
from collections import Counter

from tests.chaos import frames
from tests.chaos.frames import Ack, Publish
from tests.chaos.moment import Moment, Point, Watch

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Link:
    """Both directions, frame by frame."""

    def __init__(self, unit: str, watch: Watch, worker: Streams, broker: Streams) -> None:
        self._unit = unit
        self._watch = watch
        self._worker = worker
        self._broker = broker
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._silent = False
        self._published: Counter[int] = Counter()
        self._awaited: dict[int, set[int]] = {}
        self._settling: set[int] = set()
        self.silent_since: float | None = None
        self.noticed_after: float | None = None
        """Seconds until a worker gave up a connection whose other end was gone without a word."""

    async def run(self) -> None:
        """Until either side ends it."""
        pumps = {asyncio.ensure_future(self._from_worker()), asyncio.ensure_future(self._from_broker())}
        try:
            _, rest = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if self._silent and rest:
                await asyncio.wait(rest)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)
            self.cut()

    # what a fault does to it

    def cut(self) -> None:
        """Both ends see a reset at once."""
        self._worker[1].transport.abort()
        self._broker[1].transport.abort()

    def cut_broker(self) -> None:
        """The broker sees the connection end; the worker keeps one that nobody answers (half-open)."""
        self._fall_silent()
        self._broker[1].transport.abort()

    def cut_worker(self) -> None:
        """The worker sees the connection end; the broker keeps one that nobody answers (half-open)."""
        self._fall_silent()
        self._worker[1].transport.abort()

    def stall(self) -> None:
        """Nothing gets through for now."""
        self._flowing.clear()

    def resume(self) -> None:
        """It does again."""
        self._flowing.set()

    def _fall_silent(self) -> None:
        self._silent, self.silent_since = True, time.monotonic()

    # frames

    async def _from_worker(self) -> None:
        reader, writer = self._worker[0], self._broker[1]
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            writer.write(await reader.readexactly(frames.PROTOCOL))
            while True:
                header, payload = await _frame(reader)
                await self._see_from_worker(frames.read(header, payload))
                await self._forward(writer, header + payload)
        if self.silent_since is not None:
            self.noticed_after = time.monotonic() - self.silent_since

    async def _from_broker(self) -> None:
        reader, writer = self._broker[0], self._worker[1]
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                header, payload = await _frame(reader)
                await self._see_from_broker(frames.read(header, payload))
                await self._forward(writer, header + payload)

    async def _forward(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        await self._flowing.wait()
        if not self._silent:
            writer.write(data)
            await writer.drain()

    async def _see_from_worker(self, frame: Publish | Ack | None) -> None:
        match frame:
            case Publish():
                await self._see_publish(frame)
            case Ack() if frame.channel in self._settling and not self._awaited.get(frame.channel):
                self._settling.discard(frame.channel)
                await self._pass_by(Point.ACK)

    async def _see_publish(self, publish: Publish) -> None:
        channel = publish.channel
        self._published[channel] += 1
        if publish.ends_work:
            self._settling.add(channel)
            self._awaited.setdefault(channel, set()).add(self._published[channel])
            await self._pass_by(Point.PUBLISH)
        elif publish.exchange == "jobs":
            await self._pass_by(Point.ADMIT)

    async def _see_from_broker(self, frame: Publish | Ack | None) -> None:
        """The broker numbers the publications of a channel from 1 and acks them by number, some together."""
        if not isinstance(frame, Ack):
            return
        awaited = self._awaited.get(frame.channel, set())
        told = {tag for tag in awaited if tag == frame.tag or (frame.multiple and tag <= frame.tag)}
        awaited -= told
        if told and not frame.nack:
            await self._pass_by(Point.CONFIRM)

    async def _pass_by(self, point: Point) -> None:
        await self._watch.pass_by(Moment(point, self._unit))


async def _frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    header = await reader.readexactly(frames.HEADER)
    return header, await reader.readexactly(frames.size_of(header))
