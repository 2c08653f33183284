"""Whether anything has changed: what open pages wait for."""

from __future__ import annotations

import asyncio


class News:
    """Told by whoever changes something, awaited by whoever shows it."""

    def __init__(self) -> None:
        self.edition = 0
        """How often something has changed."""
        self._changed = asyncio.Event()

    def tell(self) -> None:
        """Something has changed."""
        self.edition += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def after(self, edition: int) -> int:
        """The present edition, once it is later than the one that was seen."""
        while self.edition == edition:
            await self._changed.wait()
        return self.edition
