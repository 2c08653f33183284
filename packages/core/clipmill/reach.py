"""What a handler may reach besides its workspace and its input: it says so itself, at its head."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, TypeVar

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class Reach(enum.Enum):
    """How far."""

    INTERNET = enum.auto()
    """Any address that the unit lets through. The default: a handler that says nothing is confined all the same."""
    NOTHING = enum.auto()
    """No network at all."""
    STORE = enum.auto()
    """All that its worker's child reaches, in whose process it runs: for handlers that touch nothing from outside."""


def offline(handle: _Handler) -> _Handler:
    """A handler that needs no network."""
    handle.reach = Reach.NOTHING  # type: ignore[attr-defined]
    return handle


def unconfined(handle: _Handler) -> _Handler:
    """A handler that touches nothing that comes from outside: of tests and benchmarks, never of a service."""
    handle.reach = Reach.STORE  # type: ignore[attr-defined]
    return handle


def of(handle: Callable[..., Any]) -> Reach:
    """What the handler has said."""
    reach: Reach = getattr(handle, "reach", Reach.INTERNET)
    return reach
