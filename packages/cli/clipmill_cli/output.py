"""JSON for programs, as every command prints it."""

from __future__ import annotations

import msgspec


def as_json(answer: object) -> str:
    """Indented, so that people can read it too."""
    return msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()
