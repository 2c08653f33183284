"""The webhook: a notice as a POST, signed as Standard Webhooks 1.0 says (standardwebhooks.com)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import http.client
import socket
import time
from urllib.parse import SplitResult, urlsplit

from clipmill.outcome import ToolError
from clipmill.session import Session
from clipmill.settings import BadSettings, Settings
from clipmill_notifier.notice import Told, write_notice

_SOCKET_SECONDS = 10
_WHOLE_SECONDS = 30
_GONE = 410
_PREFIX = "whsec_"
_SHORTEST_SECRET = 16
_ADVICE = (
    "the credential webhook-secret is missing, or no secret: write whsec_ and the base64 of 24 to 64 random bytes, as"
    " `echo whsec_$(head -c 32 /dev/urandom | base64 -w0)` does; receivers check the signature with it"
)


class Webhook:
    """Posts a notice to one address."""

    name = "webhook"
    at_once = 1
    patience: int | None = None

    def __init__(self, address: SplitResult, secret: bytes, *, seconds: float = _WHOLE_SECONDS) -> None:
        self._address = address
        self._secret = secret
        self._seconds = seconds

    def wants(self, notice: Told) -> bool:
        """Every notice and alert."""
        return True

    async def deliver(self, notice: Told, session: Session) -> None:
        """POST it; any 2xx means that the receiver has it. Raises ToolError, permanent after a 410 (Gone)."""
        body = write_notice(notice)
        status = await self._post(body, signed(notice.id, body, self._secret, at=int(time.time())))
        if not 200 <= status < 300:
            # a redirect is an error too: the specification forbids to follow it
            raise ToolError(f"the webhook's server answered {status} {_phrase(status)}", permanent=status == _GONE)

    async def _post(self, body: bytes, headers: dict[str, str]) -> int:
        connection = _connection(self._address)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.to_thread(_exchange, connection, _target(self._address), body, headers)
        except TimeoutError:
            raise ToolError(f"the webhook's server gave no answer within {self._seconds:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ToolError(f"the webhook's server cannot be reached: {error or type(error).__name__}") from None
        finally:
            _hang_up(connection)


def channel(settings: Settings) -> Webhook:
    """The webhook that the settings name. Raises BadSettings."""
    return Webhook(_address(settings.notify_webhook_url or ""), _secret(settings.notify_webhook_secret or ""))


def signed(message_id: str, body: bytes, secret: bytes, *, at: int) -> dict[str, str]:
    """The headers that say what the message is and that it is ours; `at` in seconds since the epoch."""
    content = b".".join((message_id.encode(), str(at).encode(), body))
    signature = base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}


def _address(text: str) -> SplitResult:
    address = urlsplit(text)
    try:
        complete = address.hostname is not None and address.port != 0 and address.username is None
    except ValueError:
        complete = False
    if not complete:
        raise BadSettings([f"NOTIFY_WEBHOOK_URL={text}: is no address to post to; write https://HOST/PATH"])
    return address


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) < _SHORTEST_SECRET:
        raise BadSettings([_ADVICE])
    return secret


def _connection(address: SplitResult) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    return kind(address.hostname or "", address.port, timeout=_SOCKET_SECONDS)


def _target(address: SplitResult) -> str:
    return (address.path or "/") + (f"?{address.query}" if address.query else "")


def _exchange(connection: http.client.HTTPConnection, target: str, body: bytes, headers: dict[str, str]) -> int:
    """In a thread, since http.client blocks; its answer's body interests nobody."""
    given = {"content-type": "application/json", "user-agent": "clipmill", "connection": "close"}
    connection.request("POST", target, body, given | headers)
    return connection.getresponse().status


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """Shut the socket down before it is closed: only that wakes a thread that a dripping server still holds."""
    if connection.sock:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)
    connection.close()


def _phrase(status: int) -> str:
    return http.client.responses.get(status, "")
