"""Moments in the life of a step at which a fault can strike, and the trap that holds everything still meanwhile."""

import asyncio
import contextlib
import enum
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

_HELD_SECONDS = 15  # a trap that forgets its prey would look like a fault of the product


class Point(enum.StrEnum):
    """Where in its life a step is."""

    ANY = "at any moment"
    BEGIN = "work begins"
    ADMIT = "a step is published"
    END = "work done, not committed"
    COMMIT = "committed, workspace not removed"
    PUBLISH = "committed, not published"
    CONFIRM = "published, confirmation not heard"
    ACK = "confirmed, not acked"
    SENT = "notice received, not answered"


SETTLING = frozenset({Point.END, Point.COMMIT, Point.PUBLISH, Point.CONFIRM, Point.ACK, Point.SENT})
"""Between the end of the work and the ack: of a step, and of the notice that is a notifier's work."""


@dataclass(frozen=True)
class Moment:
    """One such moment: whose it is, and the process of the handler where that is known."""

    point: Point
    unit: str
    child: int | None = None


@dataclass(eq=False)
class _Trap:
    point: Point
    caught: asyncio.Future[Moment]
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def holds(self, moment: Moment) -> bool:
        """Whether that one must wait too: a child that has committed cannot be held, but its worker's word can."""
        return (self.point, moment.point) == (Point.COMMIT, Point.PUBLISH) and moment.unit == self.caught.result().unit


class Watch:
    """Sees every moment pass by; one trap can be set at a time."""

    def __init__(self) -> None:
        self._trap: _Trap | None = None
        self._sprung: _Trap | None = None
        self.last_activity = time.monotonic()

    def awaits(self, point: Point) -> bool:
        """Whether a trap is set for that point."""
        return self._trap is not None and self._trap.point is point

    async def pass_by(self, moment: Moment) -> None:
        """Something has come to `moment`. In the trap it waits until the fault has struck."""
        self.last_activity = time.monotonic()
        trap = self._trap
        if trap is not None and trap.point is moment.point:
            self._trap, self._sprung = None, trap
            trap.caught.set_result(moment)
            await _release(trap)
        elif self._sprung is not None and self._sprung.holds(moment):
            await _release(self._sprung)

    @contextlib.asynccontextmanager
    async def trap(self, point: Point, *, patience: float) -> AsyncIterator[Moment | None]:
        """The first moment of that kind, held still during the block; None when none came in time."""
        self._trap = trap = _Trap(point, asyncio.get_running_loop().create_future())
        await asyncio.wait({trap.caught}, timeout=patience)
        self._trap = None
        try:
            yield trap.caught.result() if trap.caught.done() else None
        finally:
            self._sprung = None
            trap.released.set()


async def _release(trap: _Trap) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HELD_SECONDS):
            await trap.released.wait()
