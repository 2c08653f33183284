"""Every queue and exchange of the topology: what it is for, and which messages it carries."""

from __future__ import annotations

from dataclasses import dataclass

from clipmill import topology
from clipmill.pipeline import SERVICES
from docs.generator.message import MESSAGES, event_names

FLEET = topology.fleet_topology(SERVICES)
EVENTS = tuple(message.name for message in MESSAGES if message.name in event_names())


@dataclass(frozen=True)
class Place:
    """A queue or an exchange; one that the topology has and this module has not is an error."""

    purpose: str
    carries: tuple[str, ...]
    key: str | None = None
    """Of an exchange: the routing key."""


def queues() -> dict[str, Place]:
    """By name."""
    places = {
        topology.NOTIFIER_QUEUE: Place("What the notifier must hear of.", _bound(topology.NOTIFIER_QUEUE)),
        topology.HISTORY_QUEUE: Place("What the manager must hear of.", _bound(topology.HISTORY_QUEUE)),
        topology.CANCELLATIONS_QUEUE: Place("Cancelled jobs, until a worker has taken note.", ("cancel",)),
        topology.SIGNS_QUEUE: Place("Signs of life for the manager, bounded.", _bound(topology.SIGNS_QUEUE)),
    }
    for service in SERVICES:
        places |= _of_service(service)
    for seconds in topology.RUNG_SECONDS:
        places[topology.rung(seconds)] = Place(f"Steps that are tried again in {seconds} s.", ("step",))
    return {queue.name: places[queue.name] for queue in FLEET.queues}


def exchanges() -> dict[str, Place]:
    """By name."""
    places = {
        topology.JOBS: Place("Steps, to the work queue of their service.", ("submission", "step"), "{service}"),
        topology.RESULTS: Place("Events.", EVENTS, "{type}.{service}"),
        topology.CONTROL: Place("What all workers are to hear at once.", ("cancel",)),
        topology.REMOVALS: Place("Jobs whose files go, to a queue `removals.HOST` of each host.", ("remove",)),
    }
    for seconds in topology.RUNG_SECONDS:
        places[topology.rung(seconds)] = Place(f"Feeds the queue of {seconds} s.", ("step",), "{service}")
    return {name: places[name] for name in FLEET.exchanges}


def _of_service(service: str) -> dict[str, Place]:
    work, dead, parked = topology.work_queue, topology.dead_letter_queue, topology.parking_lot
    return {
        work(service): Place(f"Steps for {service}; producers may publish here.", ("submission", "step")),
        dead(service): Place(f"Failed steps of {service}, not decided yet.", ("dead-letter",)),
        parked(service): Place(f"Given-up steps of {service}, kept for a person.", ("dead-letter",)),
    }


def _bound(queue: str) -> tuple[str, ...]:
    """The events that the topology binds to a queue."""
    kinds = {binding.key.split(".")[0] for binding in FLEET.bindings if binding.queue == queue}
    return tuple(name for name in EVENTS if name in kinds)
