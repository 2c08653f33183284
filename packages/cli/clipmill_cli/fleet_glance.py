"""The fleet at a glance: its health, the broker, pools, workers, queues and jobs. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table

from clipmill_cli import amounts, workers
from clipmill_cli.answers import Broker, Fleet, Pool, Queue
from clipmill_cli.console import plain


def picture(fleet: Fleet) -> RenderableType:
    """For people."""
    lines: list[RenderableType] = [_health_line(fleet), broker_line(fleet.broker), _jobs_line(fleet.jobs)]
    if not fleet.systemd:
        lines.append("systemd is not watched: crashes and memory are not known")
    lines += ["", _pools(fleet.pools), "", workers.table(fleet.workers), "", queues(fleet.broker.queues)]
    return Group(*lines, *_parked_lines(fleet.broker.queues))


def broker_line(broker: Broker) -> str:
    """Whether there is a session, and with what."""
    if broker.connected:
        return f"broker {plain(broker.name)}: connected, RabbitMQ {plain(broker.version or '?')}"
    seen = f", last seen {amounts.ago(broker.seen_at)}" if broker.seen_at else ""
    return f"broker {plain(broker.name)}: not connected{seen}"


def queues(listed: Iterable[Queue]) -> Table:
    """The work queues, and whatever else has something in it."""
    rows = Table("queue", "waiting", box=None, pad_edge=False)
    for queue in listed:
        if queue.depth or queue.kind == "work":
            rows.add_row(plain(queue.name), str(queue.depth))
    return rows


def _health_line(fleet: Fleet) -> str:
    health = fleet.health
    able = f"{health.active_workers} of {amounts.count(health.total_workers, 'worker')} can work"
    rate = "" if health.success_rate is None else f", {100 * health.success_rate:.0f} % of them well"
    return f"fleet of {plain(fleet.host)}: {able}, {amounts.count(health.total_jobs, 'step')} done{rate}"


def _jobs_line(jobs: dict[str, int]) -> str:
    return "jobs: " + ", ".join(f"{number} {plain(state)}" for state, number in jobs.items())


def _pools(listed: Iterable[Pool]) -> Table:
    rows = Table("service", "workers", "health", box=None, pad_edge=False)
    for pool in listed:
        rows.add_row(plain(pool.service), str(len(pool.workers)), plain(pool.health_check))
    return rows


def _parked_lines(listed: Iterable[Queue]) -> list[RenderableType]:
    return [
        f"{amounts.count(queue.depth, 'message was', 'messages were')} given up and kept for you in {plain(queue.name)}"
        for queue in listed
        if queue.kind == "parked" and queue.depth
    ]
