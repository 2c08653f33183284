"""How long a broker lets a worker hold a step: which one can be told, and what to say of one that cannot. Pure."""

from __future__ import annotations

import re

_PER_QUEUE_SINCE = (3, 12)
_DEFAULT_SECONDS = 1800
_SETTLING_SECONDS = 900


def needed(job_timeout: float) -> int:
    """Seconds after which the broker may take a step away from a worker that gives no answer.

    Longer than any attempt, settling included: a worker ends an attempt after `job_timeout` by itself.
    """
    return int(job_timeout) + _SETTLING_SECONDS


def is_per_queue(version: str) -> bool:
    """Whether a broker can be told for each queue. Older ones know the node's setting alone: they accept the argument
    and ignore it (docs/facts.md, 4).
    """
    return numbers(version) >= _PER_QUEUE_SINCE


def warning(version: str, job_timeout: float, node: float | None = None) -> str | None:
    """What to say where the limit is the node's alone and is, or may be, shorter than a step takes.

    `node`: the node's setting in seconds; None for a client, to whom the broker does not show it.
    """
    if not numbers(version) or is_per_queue(version):
        return None
    if needed(job_timeout) <= (_DEFAULT_SECONDS if node is None else node):
        return None
    now = "30 min by default" if node is None else f"{node:g} s now"
    return (
        f"RabbitMQ {version} takes a step away from its worker after consumer_timeout ({now}), and JOB_TIMEOUT lets a"
        f" step take {job_timeout:g} s: write consumer_timeout = {needed(job_timeout) * 1000} into"
        " /etc/rabbitmq/rabbitmq.conf and restart rabbitmq-server"
    )


def numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a version such as "4.0.5", to compare by; () when there are none."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
