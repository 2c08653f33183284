"""What a RabbitMQ holds, in its own words, and the door through which that is read and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

Item = dict[str, Any]
Definitions = dict[str, list[Item]]
"""RabbitMQ's definitions: vhosts, users, permissions, policies, exchanges, queues, bindings."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A broker at one moment."""

    version: str
    definitions: Definitions

    def find(self, section: str, **key: object) -> Item | None:
        """The item of a section that has all of these fields, or None."""
        items = self.definitions.get(section, [])
        return next((item for item in items if all(item.get(name) == value for name, value in key.items())), None)


class Door(Protocol):
    """An administrator's way into a broker."""

    def read(self) -> Snapshot:
        """All that the broker holds. Raises Trouble."""

    def write(self, definitions: Definitions) -> None:
        """Add or replace these items; whatever else is there stays. Raises Trouble."""

    def consumer_timeout(self) -> float | None:
        """The node's own consumer timeout in seconds, inf for none, or None where this door does not show it."""
