"""Whether a broker takes messages at the moment: it stops its publishers when its memory or its disk is short."""

from __future__ import annotations

import asyncio


class Flow:
    """Two sides of one fact, so that either can be awaited."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.blocked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    def block(self, reason: str) -> None:
        """The broker takes nothing for now."""
        self.reason = reason
        self.open.clear()
        self.blocked.set()

    def resume(self) -> None:
        """The broker takes messages again."""
        self.reason = None
        self.blocked.clear()
        self.open.set()
