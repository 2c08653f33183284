"""What a broker lacks of what it should hold, and what stands in the way. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from clipmill.topology import major
from clipmill_cli.rabbitmq.snapshot import Definitions, Item, Snapshot


@dataclass(frozen=True, kw_only=True)
class Section:
    """A kind of items: what names one, and what must be as we want it."""

    name: str
    key: tuple[str, ...]
    settled: tuple[str, ...] = ()
    lasting: Callable[[str], bool] = lambda version: False
    """Whether a broker of that version leaves an item as it is once it has been made."""


_ALWAYS: Callable[[str], bool] = lambda version: True  # noqa: E731  # a value among values

SECTIONS = (
    # seen: 3.10 ignores the default queue type of a vhost that is there, 4.0 takes it over
    Section(name="vhosts", key=("name",), settled=("metadata",), lasting=lambda version: major(version) < 4),
    Section(name="users", key=("name",), settled=("password_hash", "hashing_algorithm")),
    Section(name="permissions", key=("vhost", "user"), settled=("configure", "write", "read")),
    Section(name="policies", key=("vhost", "name"), settled=("pattern", "apply-to", "definition", "priority")),
    Section(name="exchanges", key=("vhost", "name"), settled=("type", "durable"), lasting=_ALWAYS),
    Section(name="queues", key=("vhost", "name"), settled=("durable", "arguments"), lasting=_ALWAYS),
    Section(name="bindings", key=("vhost", "source", "destination", "destination_type", "routing_key")),
)


@dataclass(kw_only=True)
class Difference:
    """By section: what is made, what is changed, and what stands otherwise and cannot be changed."""

    made: Definitions = field(default_factory=dict)
    changed: Definitions = field(default_factory=dict)
    kept: Definitions = field(default_factory=dict)

    @property
    def missing(self) -> Definitions:
        """What is to be written to the broker."""
        names = [*self.made, *(name for name in self.changed if name not in self.made)]
        return {name: self.made.get(name, []) + self.changed.get(name, []) for name in names}


def difference(wanted: Definitions, current: Snapshot) -> Difference:
    """What to do so that `current` holds what is `wanted`."""
    found = Difference()
    for section in SECTIONS:
        for item in wanted[section.name]:
            _place(found, section, item, current)
    return found


def _place(found: Difference, section: Section, item: Item, current: Snapshot) -> None:
    known = current.find(section.name, **{name: item[name] for name in section.key})
    if known is None:
        found.made.setdefault(section.name, []).append(item)
    elif all(known.get(name) == item[name] for name in section.settled):
        return
    elif section.lasting(current.version):
        found.kept.setdefault(section.name, []).append(known)
    else:
        found.changed.setdefault(section.name, []).append(item)
