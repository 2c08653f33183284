"""The door from elsewhere: the HTTP API of RabbitMQ's management plugin, as an administrator."""

from __future__ import annotations

import base64
import http.client
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import msgspec

from clipmill_cli.rabbitmq.snapshot import Definitions, Snapshot
from clipmill_cli.trouble import Status, Trouble

_SECONDS = 30


class Management:
    """The broker behind http(s)://USER:PASSWORD@HOST:15672."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        user, password = (urllib.parse.unquote(text or "") for text in (parts.username, parts.password))
        place = parts.netloc.rpartition("@")[2]
        self._user = user
        self._base = f"{parts.scheme}://{place}{parts.path.rstrip('/')}/api"
        self._credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        # no proxy from the environment: it would be given an administrator's password
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def read(self) -> Snapshot:
        """All that the broker holds. Raises Trouble."""
        definitions = self._call("definitions")
        # 3.10 leaves the default queue type out of the vhosts among the definitions
        definitions["vhosts"] = self._call("vhosts")
        return Snapshot(version=definitions["rabbitmq_version"], definitions=definitions)

    def write(self, definitions: Definitions) -> None:
        """Add or replace these items. Raises Trouble."""
        self._call("definitions", definitions)

    def consumer_timeout(self) -> float | None:
        """None: this API does not show the node's settings."""
        return None

    def _call(self, path: str, body: object = None) -> Any:
        data = None if body is None else msgspec.json.encode(body)
        request = urllib.request.Request(f"{self._base}/{path}", data)
        request.add_header("Authorization", f"Basic {self._credentials}")
        request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return msgspec.json.decode(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            reason = getattr(error, "reason", error)
            raise Trouble(
                f"{self._base} cannot be reached: {reason}; is it the management plugin's address (port 15672), and is"
                " the plugin on (rabbitmq-plugins enable rabbitmq_management)?",
                Status.UNAVAILABLE,
            ) from None

    def _refused(self, error: urllib.error.HTTPError) -> Trouble:
        with error:
            said = error.read().decode(errors="replace").strip()
        if error.code in (401, 403):
            return Trouble(
                f"{self._base} refuses user {self._user!r}: it takes an administrator and the right password"
            )
        return Trouble(f"{self._base}: {error.code} {error.reason}: {said[:500]}")
