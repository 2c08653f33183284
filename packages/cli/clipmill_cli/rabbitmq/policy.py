"""The policies under which queues that are declared with their type alone behave as the topology says. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from clipmill import topology
from clipmill.topology import Queue
from clipmill_cli.rabbitmq.snapshot import Item

PRIORITY = 10
"""Only the policy of the highest priority holds for a queue: above what somebody sets for all queues at once."""


def policy(queue: Queue, *, version: str, vhost: str, job_timeout: float | None = None) -> Item | None:
    """The policy for `queue` as RabbitMQ's definitions have it, or None when its type alone says everything.

    `job_timeout` is how long a step that lies on it may take; None for a queue whose messages are settled at once.
    """
    definition = topology.definition(replace(queue, job_timeout=job_timeout), version=version)
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
