"""What a worker and its child say to each other: JSON lines on a socket of their own, never a pickle."""

from __future__ import annotations

import msgspec

from clipmill.outcome import Outcome


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The handler is imported; steps may come."""


class Report(msgspec.Struct, frozen=True, tag="progress"):
    """How far the step is."""

    percent: float
    note: str = ""


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The attempt is over."""

    outcome: Outcome


FromChild = Ready | Report | Ended

_decoder: msgspec.json.Decoder[FromChild] = msgspec.json.Decoder(FromChild)


def encode(message: FromChild) -> bytes:
    """One line."""
    return msgspec.json.encode(message) + b"\n"


def decode(line: bytes) -> FromChild:
    """What a line says. Raises msgspec.DecodeError for anything else: a child is not trusted."""
    return _decoder.decode(line)
