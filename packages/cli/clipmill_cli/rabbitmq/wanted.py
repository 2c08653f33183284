"""What a broker should hold for a fleet, as RabbitMQ's definitions, generated from the topology. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clipmill.topology import CONTROL, JOBS, RESULTS, Queue, Topology
from clipmill_cli.rabbitmq import password
from clipmill_cli.rabbitmq.policy import policy
from clipmill_cli.rabbitmq.snapshot import Definitions, Item, Snapshot

SUBMIT_USER = "clipmill-submit"


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user of the broker, and the names that it may configure, write to and read from (regular expressions)."""

    name: str
    password: str = field(repr=False)
    configure: str
    write: str
    read: str


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What a broker is made ready for."""

    vhost: str
    accounts: tuple[Account, ...]
    topology: Topology
    job_timeouts: Mapping[str, float]
    """For each work queue how long one of its steps may take, in seconds."""


def fleet_account(name: str, password: str) -> Account:
    """The services: everything on their vhost."""
    return Account(name=name, password=password, configure=".*", write=".*", read=".*")


def submit_account(password: str) -> Account:
    """People: hand in and cancel jobs, hear of results on queues of their own. No work queue, no parking lot."""
    own = r"wait\..*"
    return Account(
        name=SUBMIT_USER,
        password=password,
        configure=f"^{own}$",
        write=f"^({JOBS}|{CONTROL}|{own})$",
        read=f"^({RESULTS}|{own})$",
    )


def definitions(fleet: Fleet, current: Snapshot) -> Definitions:
    """Everything that the fleet needs; what the broker adds of its own (descriptions, tags, salts) is taken over."""
    return {
        "vhosts": [_vhost(fleet.vhost, current)],
        "users": [_user(account, current) for account in fleet.accounts],
        "permissions": [_permission(account, fleet.vhost) for account in fleet.accounts],
        "policies": _policies(fleet, current.version),
        "exchanges": [_exchange(name, kind, fleet.vhost) for name, kind in fleet.topology.exchanges.items()],
        "queues": [_queue(queue.name, queue.kind, fleet.vhost) for queue in fleet.topology.queues],
        "bindings": [_binding(b.exchange, b.queue, b.key, fleet.vhost) for b in fleet.topology.bindings],
    }


def _vhost(name: str, current: Snapshot) -> Item:
    known = (current.find("vhosts", name=name) or {}).get("metadata") or {"description": "clipmill's fleet", "tags": []}
    # in both places: RabbitMQ 3.10 reads the first, 4.0 the second
    quorum = {"default_queue_type": "quorum"}
    return {"name": name, "metadata": {**known, **quorum}, **quorum}


def _user(account: Account, current: Snapshot) -> Item:
    known = current.find("users", name=account.name) or {}
    return {"name": account.name, "tags": known.get("tags", []), **password.hashed(account.password, known)}


def _permission(account: Account, vhost: str) -> Item:
    may = {"configure": account.configure, "write": account.write, "read": account.read}
    return {"user": account.name, "vhost": vhost, **may}


def _policies(fleet: Fleet, version: str) -> list[Item]:
    def of(queue: Queue) -> Item | None:
        return policy(queue, version=version, vhost=fleet.vhost, job_timeout=fleet.job_timeouts.get(queue.name))

    return [made for queue in fleet.topology.queues if (made := of(queue))]


def _exchange(name: str, kind: str, vhost: str) -> Item:
    flags = {"durable": True, "auto_delete": False, "internal": False}
    return {"name": name, "vhost": vhost, "type": kind, "arguments": {}, **flags}


def _queue(name: str, kind: str, vhost: str) -> Item:
    """With its type alone, so that an old client's plain durable declare of it passes; the policy says the rest."""
    return {
        "name": name,
        "vhost": vhost,
        "durable": True,
        "auto_delete": False,
        "arguments": {"x-queue-type": kind},
    }


def _binding(exchange: str, queue: str, key: str, vhost: str) -> Item:
    return {
        "source": exchange,
        "vhost": vhost,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }
