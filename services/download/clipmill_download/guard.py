"""While a link is followed, keeps this process from denied networks, and from programs that would fetch by themselves.

Redirects, segments of a playlist and embeds of a page lead to addresses that nobody has seen before, and a name is
resolved anew each time: only the numeric address in connect(2) is what will be talked to. Python tells it to an audit
hook, whichever library opened the socket. ffmpeg as a downloader would go round that, so no program is started that is
given an address.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clipmill import networks
from clipmill.networks import Denied
from clipmill.outcome import ToolError

# The words by which the verdict knows a refusal: of an exception its text alone comes through yt-dlp's retries.
DENIES = "which DOWNLOAD_DENY_NETWORKS denies"
ALONE = "would fetch past the guard"

_SOCKET_EVENTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_PROGRAMS = {"ffmpeg", "ffprobe", "qjs", "deno"}
"""ffmpeg merges what has been fetched; the others are interpreters that yt-dlp runs a site's scripts with, offline."""


class Refused(PermissionError):
    """Something that the guard does not let happen. An OSError, as if the kernel had refused."""


@contextmanager
def standing(words: Iterable[str]) -> Iterator[None]:
    """Within the block the networks that `words` name are out of reach. Raises ToolError for a word that is none."""
    try:
        denied = networks.read(words)
    except ValueError as error:
        raise ToolError(f"DOWNLOAD_DENY_NETWORKS: {error}", cause="settings") from None
    _guard.begin(denied)
    try:
        yield
    finally:
        _guard.end()


class _Guard:
    """The audit hook. Python has no way to take one out again, so there is one for the process, mostly asleep."""

    def __init__(self) -> None:
        self._hooked = False
        self._awake = False
        self._denied: tuple[Denied, ...] = ()

    def begin(self, denied: tuple[Denied, ...]) -> None:
        if not self._hooked:
            sys.addaudithook(self)
        self._hooked, self._awake, self._denied = True, True, denied

    def end(self) -> None:
        self._awake = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._awake:
            return
        if event in _SOCKET_EVENTS:
            self._check_address(*arguments)
        elif event == "subprocess.Popen":
            _check_program(*arguments)

    def _check_address(self, sock: socket.socket, address: Any) -> None:
        if sock.family not in _INTERNET or not isinstance(address, tuple):
            return  # a socket file of this machine; or the peer is the one that connect() was checked for
        try:
            word = networks.denial(address[0], self._denied)
        except ValueError:
            # connect() would resolve it after this look
            raise Refused(f"{address[0]} is no numeric address") from None
        if word:
            raise Refused(f"{address[0]} lies in {word}, {DENIES}")


_guard = _Guard()


def _check_program(executable: Any, arguments: Any, *_: Any) -> None:
    name = Path(str(executable)).name
    if name not in _PROGRAMS or any("://" in str(argument) for argument in arguments):
        raise Refused(f"{name} {ALONE}")
