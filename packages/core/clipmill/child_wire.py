"""What a worker and its child say to each other: JSON lines on a socket of their own, never a pickle."""

from __future__ import annotations

import msgspec

from clipmill.messages import Step
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
_steps = msgspec.json.Decoder(Step)


def encode(message: FromChild) -> bytes:
    """One line."""
    return msgspec.json.encode(message) + b"\n"


def decode(line: bytes) -> FromChild:
    """What a line says. Raises msgspec.DecodeError for anything else: a child is not trusted."""
    return _decoder.decode(line)


def encode_step(step: Step) -> bytes:
    """One line. It was checked when it came from its queue: the child need not know what else may lie there."""
    return msgspec.json.encode(step) + b"\n"


def decode_step(line: bytes) -> Step:
    """The step that the child is given."""
    return _steps.decode(line)
