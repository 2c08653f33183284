"""The exchanges, queues and rungs of clipmill, as data; which broker wants which arguments is decided here too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from clipmill import consumer_timeout

JOBS = "jobs"
RESULTS = "results"
CONTROL = "control"
DEFAULT_EXCHANGE = ""

NOTIFIER_QUEUE = "notifier"
HISTORY_QUEUE = "history"
CANCELLATIONS_QUEUE = "cancellations"
"""What the `control` exchange told, kept for the case that no worker was there to hear it."""
REMOVALS = "removals"
"""Jobs that are over and whose files go: each host has a queue of its own, since each may have a store of its own."""
SIGNS_QUEUE = "signs"
"""Heartbeats, metrics and progress for the manager: bounded, so that a dead manager never fills the broker."""

RUNG_SECONDS = (5, 30, 120, 600, 3600)
"""The retry ladder: one queue per delay, since a message's own TTL waits behind the head (docs/facts.md, 7)."""

_DELIVERY_LIMIT = 10
_DLQ_DELIVERY_LIMIT = 20
_SIGNS_LENGTH = 20_000
_SIGNS_TTL_MS = 300_000
_HOST_FORGOTTEN_MS = 30 * 24 * 3_600_000

Arguments = dict[str, str | int | bool]


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A queue by what it is for; `dead_letter_to` names the queue that gets what this one gives up."""

    name: str
    dead_letter_to: str | None = None
    dead_letter_exchange: str = DEFAULT_EXCHANGE
    delivery_limit: int | None = None
    """Deliveries after which a message is dead-lettered; None: never."""
    ttl_ms: int | None = None
    max_length: int | None = None
    """Beyond it the oldest message is dropped (only where loss is harmless)."""
    expires_ms: int | None = None
    """The queue itself is removed after so long without a consumer: for whoever listens for a while."""
    job_timeout: float | None = None
    """Seconds that a worker may hold one of its messages, settling not included; None where it settles at once."""
    kind: str = "quorum"
    """Every queue is durable; a classic one serves where losing messages with the broker is harmless."""


@dataclass(frozen=True, kw_only=True)
class Binding:
    """Messages of `exchange` with `key` go to `queue`."""

    exchange: str
    queue: str
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Topology:
    """Exchanges (name to type), queues and bindings."""

    exchanges: dict[str, str] = field(default_factory=dict)
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()

    def __or__(self, other: Topology) -> Topology:
        return Topology(
            exchanges=self.exchanges | other.exchanges,
            queues=tuple(dict.fromkeys(self.queues + other.queues)),
            bindings=tuple(dict.fromkeys(self.bindings + other.bindings)),
        )


def work_queue(service: str) -> str:
    """The queue on which steps for `service` lie (the reference's name)."""
    return f"{service}_queue"


def dead_letter_queue(service: str) -> str:
    """The queue of what failed and is not decided yet."""
    return f"{service}_queue_dlq"


def parking_lot(service: str) -> str:
    """The queue of what was given up and waits for a person."""
    return f"{service}_queue_parked"


def rung(seconds: int) -> str:
    """The delay queue of `seconds`, and the fanout exchange of the same name that feeds it.

    Fed through the default exchange a rung never delivers: the routing key would be its own name (docs/facts.md, 14).
    """
    return f"retry_{seconds}s"


def service_topology(service: str, *, job_timeout: float | None = None) -> Topology:
    """What a worker of `service` needs, dead letters, rungs and parking lot included.

    `job_timeout`: seconds that a step may take; None leaves it to the broker how long it lets a worker hold one.
    """
    work, dead, parked = work_queue(service), dead_letter_queue(service), parking_lot(service)
    queues = (
        Queue(name=work, dead_letter_to=dead, delivery_limit=_DELIVERY_LIMIT, job_timeout=job_timeout),
        # terminal for the broker: docs/facts.md, 1: a path back to the work queue would be dropped as a cycle
        Queue(name=dead, dead_letter_to=parked, delivery_limit=_DLQ_DELIVERY_LIMIT),
        Queue(name=parked),
    )
    own = Topology(
        exchanges={JOBS: "direct"}, queues=queues, bindings=(Binding(exchange=JOBS, queue=work, key=service),)
    )
    return own | ladder() | results() | control()


def ladder() -> Topology:
    """The rungs: each waits, then gives the message back to `jobs` under the routing key it came with."""
    names = {rung(seconds): seconds for seconds in RUNG_SECONDS}
    return Topology(
        exchanges=dict.fromkeys(names, "fanout"),
        queues=tuple(Queue(name=n, dead_letter_exchange=JOBS, ttl_ms=s * 1000) for n, s in names.items()),
        bindings=tuple(Binding(exchange=name, queue=name) for name in names),
    )


def results() -> Topology:
    """The events: what must not be lost to durable queues, signs of life to a bounded one."""
    bindings = [
        Binding(exchange=RESULTS, queue=queue, key=f"{kind}.*")
        for queue in (NOTIFIER_QUEUE, HISTORY_QUEUE)
        for kind in ("result", "error")
    ]
    bindings.append(Binding(exchange=RESULTS, queue=NOTIFIER_QUEUE, key="alert.*"))
    bindings += [
        Binding(exchange=RESULTS, queue=SIGNS_QUEUE, key=f"{kind}.*") for kind in ("heartbeat", "metrics", "progress")
    ]
    return Topology(
        exchanges={RESULTS: "topic"},
        queues=(
            Queue(name=NOTIFIER_QUEUE),
            Queue(name=HISTORY_QUEUE),
            Queue(name=SIGNS_QUEUE, max_length=_SIGNS_LENGTH, ttl_ms=_SIGNS_TTL_MS, kind="classic"),
        ),
        bindings=tuple(bindings),
    )


def control() -> Topology:
    """What is told to all workers at once, and kept until one has taken it to heart."""
    return Topology(
        exchanges={CONTROL: "fanout"},
        queues=(Queue(name=CANCELLATIONS_QUEUE),),
        bindings=(Binding(exchange=CONTROL, queue=CANCELLATIONS_QUEUE),),
    )


def control_queue(worker: str) -> str:
    """The queue on which one worker hears what is told to all."""
    return f"control.{worker}"


def ear(worker: str) -> Topology:
    """That queue, which goes a minute after its worker; what is told meanwhile is kept on the other one."""
    queue = Queue(name=control_queue(worker), kind="classic", expires_ms=60_000)
    return control() | Topology(queues=(queue,), bindings=(Binding(exchange=CONTROL, queue=queue.name),))


def removals() -> Topology:
    """Where it is said whose files go."""
    return Topology(exchanges={REMOVALS: "fanout"})


def removals_queue(host: str) -> str:
    """The queue on which the workers of one host hear of that."""
    return f"removals.{host}"


def removals_on(host: str) -> Topology:
    """That queue, which goes a month after the last worker of its host."""
    queue = Queue(name=removals_queue(host), expires_ms=_HOST_FORGOTTEN_MS)
    return removals() | Topology(queues=(queue,), bindings=(Binding(exchange=REMOVALS, queue=queue.name),))


def fleet_topology(services: Iterable[str], *, job_timeout: float | None = None) -> Topology:
    """Everything at once, for `clipmill setup broker` and for the embedded fleet."""
    whole = results() | control() | removals()
    for service in services:
        whole |= service_topology(service, job_timeout=job_timeout)
    return whole


def arguments(queue: Queue, *, version: str) -> Arguments:
    """The AMQP arguments with which `queue` is declared on a broker of `version` that has no policies of ours."""
    return {"x-queue-type": queue.kind} | definition(queue, version=version, prefix="x-")


def definition(queue: Queue, *, version: str, prefix: str = "") -> Arguments:
    """What distinguishes `queue`, as a policy's definition (no prefix) or as arguments (`x-`)."""
    given: Arguments = {}
    if queue.dead_letter_to or queue.dead_letter_exchange:
        given["dead-letter-exchange"] = queue.dead_letter_exchange
        # docs/facts.md, 5: at-least-once silently falls back to at-most-once without reject-publish
        given |= {"dead-letter-strategy": "at-least-once", "overflow": "reject-publish"}
    if queue.dead_letter_to:
        given["dead-letter-routing-key"] = queue.dead_letter_to
    if queue.max_length is not None:
        given |= {"max-length": queue.max_length, "overflow": "drop-head"}
    if queue.ttl_ms is not None:
        given["message-ttl"] = queue.ttl_ms
    if queue.expires_ms is not None:
        given["expires"] = queue.expires_ms
    if queue.job_timeout is not None and consumer_timeout.is_per_queue(version):
        given["consumer-timeout"] = consumer_timeout.needed(queue.job_timeout) * 1000
    return {prefix + key: value for key, value in (given | _limit(queue, version)).items()}


def _limit(queue: Queue, version: str) -> Arguments:
    if queue.delivery_limit is not None:
        return {"delivery-limit": queue.delivery_limit}
    # docs/facts.md, 12: none is the default on 3.10, where -1 would drop at the first return; on 4.0 the default is 20
    # and would lose a parked message that is looked at too often, so there -1 says "none"
    return {"delivery-limit": -1} if queue.kind == "quorum" and major(version) >= 4 else {}


def major(version: str) -> int:
    """The first number of a version such as "4.0.5"; 0 when there is none."""
    digits = version.split(".")[0]
    return int(digits) if digits.isdigit() else 0
