"""The policies under which queues that are declared with their type alone behave as the topology says. Pure."""

from __future__ import annotations

import re

from clipmill import topology
from clipmill.topology import Arguments, Queue
from clipmill_cli.rabbitmq.snapshot import Item

PRIORITY = 10
"""Only the policy of the highest priority holds for a queue: above what somebody sets for all queues at once."""

CONSUMER_TIMEOUT_SINCE = (3, 12)
"""Older brokers know the node's setting alone, for all queues (facts: they accept the argument and ignore it)."""

_SETTLING_SECONDS = 900


def policy(queue: Queue, *, version: str, vhost: str, job_timeout: float | None = None) -> Item | None:
    """The policy for `queue` as RabbitMQ's definitions have it, or None when its type alone says everything.

    `job_timeout` is how long a step that lies on it may take; None for a queue whose messages are settled at once.
    """
    definition = topology.definition(queue, version=version) | _consumer_timeout(version, job_timeout)
    if not definition:
        return None
    return {
        "vhost": vhost,
        "name": queue.name,
        "pattern": f"^{re.escape(queue.name)}$",
        "apply-to": "queues",
        "definition": definition,
        "priority": PRIORITY,
    }


def consumer_timeout(job_timeout: float) -> int:
    """Seconds after which the broker may take a step away from a worker that gives no answer.

    Longer than any attempt, settling included: a worker ends an attempt after `job_timeout` by itself.
    """
    return int(job_timeout) + _SETTLING_SECONDS


def has_consumer_timeout(version: str) -> bool:
    """Whether this broker knows a consumer timeout per queue."""
    return numbers(version) >= CONSUMER_TIMEOUT_SINCE


def numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a version, to compare by."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _consumer_timeout(version: str, job_timeout: float | None) -> Arguments:
    if job_timeout is None or not has_consumer_timeout(version):
        return {}
    return {"consumer-timeout": consumer_timeout(job_timeout) * 1000}
