"""What keeps a worker from its steps: a disk without room, a broker that takes no messages."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator

from clipmill import messages
from clipmill.beside import first_of
from clipmill.claim import Claim
from clipmill.messages import Step
from clipmill.outcome import Reject, Retry
from clipmill.presence import Presence
from clipmill.pulse import pulse
from clipmill.room import Shortage, shortage
from clipmill.session import Session
from clipmill.store import Store
from clipmill.vital_signs import HEARTBEAT_SECONDS

_LOOK_SECONDS = 5
_PATIENCE_SECONDS = 60
"""So long a step waits for its room in the worker's hand; then smaller ones have their turn, and other machines."""

_AWAY_SECONDS = 60


class Obstacles:
    """Looked at before steps are taken and while they are: a step is taken only when it can start."""

    def __init__(self, store: Store, reserve: int, presence: Presence) -> None:
        self._store = store
        self._reserve = reserve
        self._presence = presence

    async def until_gone(self, session: Session) -> None:
        """Wait for a disk with room (it is looked at, since nothing tells) and for a broker that takes messages."""
        while short := self._reserve_short():
            self._say(short)
            await asyncio.sleep(_LOOK_SECONDS)
        if session.flow.reason:
            self._presence.wait_for(f"waiting: {session.flow.reason}")
            await session.flow.open.wait()

    async def until_met(self, session: Session) -> None:
        """Wait until something is in the way."""
        await first_of(session.flow.blocked.wait(), self._until_disk_is_short())

    def shortage(self, step: Step) -> Shortage | None:
        """Why an attempt of `step` has no room on the disk now, or None."""
        return self._store.shortage(step, reserve=self._reserve)

    async def until_room_for(self, step: Step) -> Retry | Reject | None:
        """Wait until the disk has room for an attempt of `step`: the reserve, and twice the size of its source.

        What it comes to instead: never, when the disk is too small for it; later, when there is still no room after a
        minute. That is no attempt: it costs none (`not_before`), and as a message that is published anew it costs none
        of the deliveries that the broker counts either.
        """
        patience = time.monotonic() + _PATIENCE_SECONDS
        while short := self.shortage(step):
            if short.for_ever:
                return Reject(short.reason, "disk")
            self._say(short, f" for job {step.job_id}")
            if time.monotonic() >= patience:
                reason = f"it waits for room on the disk: {short.reason}"
                return Retry(reason, "disk", messages.now() + _AWAY_SECONDS * 1000)
            await asyncio.sleep(_LOOK_SECONDS)
        self._presence.working(step)
        return None

    @contextlib.contextmanager
    def reserve_kept(self, give_way: Callable[[str], Awaitable[None]]) -> Iterator[None]:
        """While a step is worked on in the block: when the reserve is touched, have it `give_way`, told why.

        A timer at first, and no task: most steps are over before it rings.
        """
        guards: list[asyncio.Future[None]] = []
        timer = asyncio.get_running_loop().call_later(
            _LOOK_SECONDS, lambda: guards.append(asyncio.ensure_future(self._keep_reserve(give_way)))
        )
        try:
            yield
        finally:
            timer.cancel()
            for guard in guards:
                guard.cancel()

    async def _keep_reserve(self, give_way: Callable[[str], Awaitable[None]]) -> None:
        """One worker of the store at a time: when it has given back what its step wrote, the others may go on."""
        while True:
            if self._reserve_short():
                with contextlib.suppress(BlockingIOError), Claim(self._store.root / "workers", wait=False):
                    if short := self._reserve_short():  # nobody else has made room meanwhile
                        await give_way(f"no room was left on the disk: {short.reason}")
            await pulse(_LOOK_SECONDS)

    async def _until_disk_is_short(self) -> None:
        while not self._reserve_short():
            await pulse(HEARTBEAT_SECONDS)

    def _reserve_short(self) -> Shortage | None:
        return shortage(self._store.disk(), reserve=self._reserve)

    def _say(self, short: Shortage, whose: str = "") -> None:
        self._presence.wait_for(f"waiting for room on the disk of {self._store.root}{whose}: {short.reason}")
