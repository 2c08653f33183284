"""A difference in words: one line for each kind of change, and a warning with what to do for what cannot be changed."""

from __future__ import annotations

from collections.abc import Iterator

from clipmill_cli.rabbitmq.difference import Difference
from clipmill_cli.rabbitmq.snapshot import Item

_ONE = {
    "vhosts": "vhost",
    "users": "user",
    "permissions": "permissions of",
    "policies": "policy",
    "exchanges": "exchange",
    "queues": "queue",
    "bindings": "binding",
}


def changes(found: Difference, *, made: str = "made", changed: str = "changed") -> list[str]:
    """What is done, or with other verbs what is to be done: a line for each kind of thing."""
    return [
        f"{verb} {_kind(section, items)}: {', '.join(map(_name, items))}"
        for verb, sections in ((made, found.made), (changed, found.changed))
        for section, items in sections.items()
    ]


def warnings(found: Difference) -> Iterator[str]:
    """What stands otherwise than it should, and how to change that."""
    for vhost in found.kept.get("vhosts", []):
        yield (
            f"vhost {vhost['name']} was made without the default queue type quorum, and this version cannot change"
            " that: a client's plain declare of a queue is refused. When its queues are empty: rabbitmqctl"
            f" delete_vhost {vhost['name']}, then set the broker up again"
        )
    for exchange in found.kept.get("exchanges", []):
        yield f"exchange {exchange['name']} is of type {exchange['type']}; delete it, then set the broker up again"
    for queue in found.kept.get("queues", []):
        yield (
            f"queue {queue['name']} was declared with {_arguments(queue)} and is kept: a client's plain declare of it"
            f" is refused. When it is empty: rabbitmqctl delete_queue --vhost {queue['vhost']} {queue['name']},"
            " then set the broker up again"
        )


def _kind(section: str, items: list[Item]) -> str:
    return _ONE[section] if len(items) == 1 or section == "permissions" else f"{len(items)} {section}"


def _name(item: Item) -> str:
    if "source" in item:
        key = f" ({item['routing_key']})" if item["routing_key"] else ""
        return f"{item['source']} to {item['destination']}{key}"
    return str(item.get("name") or item["user"])


def _arguments(queue: Item) -> str:
    given = [f"{name}={value}" for name, value in sorted(queue.get("arguments", {}).items())]
    return ", ".join(given) or "no queue type"
