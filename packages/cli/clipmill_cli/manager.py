"""Asks the manager, which answers HTTP over a unix socket."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from clipmill_cli.trouble import Status, Trouble

_SECONDS = 10

T = TypeVar("T")


class ManagerDown(Trouble):
    """Nobody answers there."""


class Manager:
    """The manager behind one socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ask(self, *way: str, **query: str | int | None) -> bytes:
        """The JSON that it answers to GET /api/WAY. Raises ManagerDown, or Trouble with its own words."""
        given = {key: value for key, value in query.items() if value is not None}
        return self._answer("GET", _target(way) + (f"?{urlencode(given)}" if given else ""))

    def tell(self, body: bytes, *way: str) -> bytes:
        """The JSON that it answers to POST /api/WAY. Raises ManagerDown, or Trouble with its own words."""
        return self._answer("POST", _target(way), body)

    def _answer(self, method: str, target: str, sent: bytes | None = None) -> bytes:
        status, body = self._exchange(method, target, sent)
        if status != http.HTTPStatus.OK:
            raise Trouble(_error(body) or f"the manager answered {status}")
        return body

    def _exchange(self, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
        connection = _UnixConnection(self._path)
        try:
            connection.request(method, target, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except PermissionError:
            raise ManagerDown(
                f"you may not ask the manager at {self._path}; "
                "add yourself to group clipmill: sudo adduser $USER clipmill, then log in again",
                Status.UNAVAILABLE,
            ) from None
        except (OSError, http.client.HTTPException) as error:
            reason = str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
            raise ManagerDown(
                f"the manager does not answer at {self._path}: {reason}; "
                "start it (sudo systemctl start manager), or see journalctl -u manager",
                Status.UNAVAILABLE,
            ) from None
        finally:
            connection.close()


def _target(way: tuple[str, ...]) -> str:
    return "/api/" + "/".join(quote(part, safe="") for part in way)


def read(body: bytes, kind: type[T]) -> T:
    """The answer as `kind`. Raises Trouble for one of another shape."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise Trouble(f"the manager's answer cannot be read ({error}); is it of another version?") from None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("manager", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(str(self._path))


def _error(body: bytes) -> str | None:
    try:
        return msgspec.json.decode(body, type=dict[str, str]).get("error")
    except msgspec.MsgspecError:
        return None
