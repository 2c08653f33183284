"""What keeps a worker from taking steps: a disk without room, a broker that takes no messages."""

from __future__ import annotations

import asyncio

from clipmill.beside import first_of
from clipmill.presence import Presence
from clipmill.pulse import pulse
from clipmill.session import Session
from clipmill.store import Store
from clipmill.vital_signs import HEARTBEAT_SECONDS

_LOOK_SECONDS = 5


class Obstacles:
    """Looked at before steps are taken and while they are: a step is taken only when it can start."""

    def __init__(self, store: Store, reserve: int, presence: Presence) -> None:
        self._store = store
        self._reserve = reserve
        self._presence = presence

    async def until_gone(self, session: Session) -> None:
        """Wait for a disk with room (it is looked at, since nothing tells) and for a broker that takes messages."""
        while not self._has_room():
            free = self._store.free_bytes() >> 20
            self._presence.wait_for(
                f"waiting for room on the disk of {self._store.root}: {free} MiB free, {self._reserve >> 20} MiB needed"
            )
            await asyncio.sleep(_LOOK_SECONDS)
        if session.flow.reason:
            self._presence.wait_for(f"waiting: {session.flow.reason}")
            await session.flow.open.wait()

    async def until_met(self, session: Session) -> None:
        """Wait until something is in the way."""
        await first_of(session.flow.blocked.wait(), self._until_disk_is_short())

    async def _until_disk_is_short(self) -> None:
        while self._has_room():
            await pulse(HEARTBEAT_SECONDS)

    def _has_room(self) -> bool:
        return self._store.free_bytes() >= self._reserve
