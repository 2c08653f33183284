"""The one door to D-Bus: calls to systemd and signals from it; jeepney and its exceptions never leave this module."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.auth import AuthenticationError
from jeepney.bus_messages import message_bus
from jeepney.io.asyncio import DBusRouter, open_dbus_router
from jeepney.io.common import RouterClosed
from jeepney.wrappers import unwrap_msg

SYSTEM = "SYSTEM"
"""The address of the system bus, wherever that is."""

SYSTEMD = "org.freedesktop.systemd1"
MANAGER = f"{SYSTEMD}.Manager"
UNIT = f"{SYSTEMD}.Unit"
SERVICE = f"{SYSTEMD}.Service"
PROPERTIES = "org.freedesktop.DBus.Properties"
ROOT = "/org/freedesktop/systemd1"

_ANSWER_SECONDS = 10
_MOST_SIGNALS = 10_000


class BusError(Exception):
    """The bus is not there, or it is gone."""


class CallRefused(BusError):
    """The bus is there and the answer was an error: no such unit, not allowed."""


class Bus:
    """A connection to the bus on which systemd answers."""

    def __init__(self, router: DBusRouter, signals: asyncio.Queue[Message]) -> None:
        self._router = router
        self._signals = signals

    async def call(self, member: str, signature: str | None = None, *body: object) -> Any:
        """What systemd's manager object answers. Raises BusError."""
        return await self._call(DBusAddress(ROOT, SYSTEMD, MANAGER), member, signature, body)

    async def properties(self, path: str, interface: str) -> dict[str, Any]:
        """All properties of an object, by name. Raises BusError."""
        (pairs,) = await self._call(DBusAddress(path, SYSTEMD, PROPERTIES), "GetAll", "s", (interface,))
        return plain(pairs)

    async def property(self, path: str, interface: str, name: str) -> Any:
        """One property. Raises BusError."""
        ((_, value),) = await self._call(DBusAddress(path, SYSTEMD, PROPERTIES), "Get", "ss", (interface, name))
        return value

    async def want(self, *, interface: str, member: str, path: str) -> None:
        """Have the bus send a signal of systemd's."""
        rule = MatchRule(type="signal", sender=SYSTEMD, interface=interface, member=member, path=path)
        await self._send(message_bus.AddMatch(rule))

    async def signal(self) -> tuple[str, str, tuple[Any, ...]]:
        """The next signal that was wanted: path, member, body."""
        message = await self._signals.get()
        fields = message.header.fields
        return fields[HeaderFields.path], fields[HeaderFields.member], message.body

    async def _call(
        self, address: DBusAddress, member: str, signature: str | None, body: tuple[object, ...]
    ) -> tuple[Any, ...]:
        return await self._send(new_method_call(address, member, signature, body))

    async def _send(self, message: Message) -> tuple[Any, ...]:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                answer: tuple[Any, ...] = unwrap_msg(await self._router.send_and_get_reply(message))
        except DBusErrorResponse as error:
            raise CallRefused(f"{error.name}: {' '.join(map(str, error.data or ()))}") from None
        except (RouterClosed, KeyError, OSError, TimeoutError) as error:
            # KeyError: what jeepney raises in place of RouterClosed when the connection ends under a waiting call
            raise BusError(f"the bus does not answer: {error!r}") from None
        return answer


@contextlib.asynccontextmanager
async def open_bus(address: str = SYSTEM) -> AsyncIterator[Bus]:
    """A connection for the length of a block. Raises BusError."""
    opening = open_dbus_router(address)
    try:
        router = await opening.__aenter__()
    except (OSError, EOFError, AuthenticationError, TimeoutError, RuntimeError) as error:
        raise BusError(f"no bus at {address}: {error}") from None
    try:
        # no sender here: messages bear systemd's unique name, and only those that were wanted are sent to us
        with router.filter(MatchRule(type=MessageType.signal), bufsize=_MOST_SIGNALS) as signals:
            yield Bus(router, signals)
    finally:
        # jeepney takes a cancellation that comes while it closes for that of its own task: so it closes beside us
        await asyncio.shield(asyncio.ensure_future(_close(opening)))


def plain(pairs: dict[str, tuple[str, Any]]) -> dict[str, Any]:
    """D-Bus variants without their signatures."""
    return {name: value for name, (_, value) in pairs.items()}


async def _close(opening: Any) -> None:
    """Whatever the other side did to the connection, this side of it is closed."""
    for end in (opening.req_ctx.__aexit__(None, None, None), opening.conn.close()):
        with contextlib.suppress(OSError, EOFError):
            await end
