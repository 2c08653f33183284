"""What a consumer has been handed and not looked at: a callback on one side, an async iterator on the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from clipmill.session import Delivery, SessionLost


class Arrivals:
    """Deliveries in order, until the consumer is stopped or its session is lost."""

    def __init__(self) -> None:
        self._arrived: deque[Delivery] = deque()
        self._news = asyncio.Event()
        self._end: Exception | None = None

    def add(self, delivery: Delivery) -> None:
        """The broker handed one over."""
        self._arrived.append(delivery)
        self._news.set()

    def end(self, lost: SessionLost | None = None) -> None:
        """No more will be iterated: because of `lost`, or because the consumer was stopped."""
        self._end = self._end or lost or StopAsyncIteration()
        self._news.set()

    @property
    def ended(self) -> bool:
        """Whether no more will be iterated."""
        return self._end is not None

    def waiting(self) -> list[Delivery]:
        """Those that have arrived and were not iterated yet, taken out."""
        arrived = list(self._arrived)
        self._arrived.clear()
        return arrived

    def __aiter__(self) -> AsyncIterator[Delivery]:
        return self

    async def __anext__(self) -> Delivery:
        while not self._end:
            if self._arrived:
                return self._arrived.popleft()
            self._news.clear()
            await self._news.wait()
        raise self._end
