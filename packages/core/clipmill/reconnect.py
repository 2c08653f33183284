"""Keeping a session: at once if the broker is there, else as soon as it is, without knocking it over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from clipmill.beside import unless
from clipmill.critical import CriticalError
from clipmill.session import Broker, BrokerRefused, BrokerUnreachable, Session, SessionLost

log = logging.getLogger(__name__)

Tell = Callable[[str], None]

_LONGEST_DELAY = 60
_MOST_FAILURES = 10


def delay_after(failures: int) -> int:
    """Seconds to wait after the `failures`-th failure in a row: 2^n (the reference's rule), at most a minute."""
    return int(min(2 ** (failures - 1), _LONGEST_DELAY))


async def connect(broker: Broker, waiting: Tell, *, busy: Callable[[], bool] = lambda: False) -> Session:
    """A session, however long it takes. `waiting` is told for what, each time that changes.

    Raises CriticalError after ten failed handshakes in a row, but not while the worker is `busy` with a step.

    A port that refuses costs nothing: it is probed twice a second. A handshake that fails costs the broker work, so
    the delay between handshakes doubles.
    """
    failures = 0
    while True:
        try:
            return await broker.open()
        except BrokerUnreachable as error:
            waiting(f"waiting for broker {broker.name}: {error}, trying twice a second")
            await broker.reachable()
        except BrokerRefused as error:
            failures += 1
            if failures >= _MOST_FAILURES and not busy():
                raise CriticalError(f"{failures} handshakes with broker {broker.name} failed: {error}") from None
            delay = delay_after(failures)
            waiting(f"waiting for broker {broker.name}: {error}, next try in {delay} s")
            await asyncio.sleep(delay)


async def keep_session(
    broker: Broker,
    stop: asyncio.Event,
    *,
    serve: Callable[[Session], Awaitable[None]],
    waiting: Tell,
    busy: Callable[[], bool] = lambda: False,
) -> None:
    """Serve one session after the other until `stop` is set: `serve` returns then, or raises SessionLost before."""
    while not stop.is_set():
        session = await unless(stop, connect(broker, waiting, busy=busy))
        if session is None:
            return
        try:
            await serve(session)
        except* SessionLost as lost:
            waiting(f"lost broker {broker.name}: {lost.exceptions[0]}")
        finally:
            await session.close()
