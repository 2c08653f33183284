"""`clipmill workers`: the workers of the fleet as a table."""

from __future__ import annotations

from collections.abc import Iterable

import typer
from rich.table import Table

from clipmill_cli import amounts, console, manager, options
from clipmill_cli.answers import Worker, Workers
from clipmill_cli.console import plain
from clipmill_cli.manager import Manager


def workers(json: options.Json = False, socket: options.Socket = options.MANAGER) -> None:
    """List the workers and what each does.

    \b
    Examples:
      clipmill workers
      clipmill workers --json
    """
    body = Manager(socket).ask("workers")
    if json:
        typer.echo(body)
    else:
        console.output().print(table(manager.read(body, Workers).workers))


def table(listed: Iterable[Worker]) -> Table:
    """A row a worker."""
    rows = Table("worker", "status", "since", "done", "failed", "crashes", "memory", "what", box=None, pad_edge=False)
    for worker in listed:
        rows.add_row(
            plain(worker.worker_id),
            "silent" if worker.silent else plain(worker.status),
            amounts.ago(worker.since),
            str(worker.metrics.jobs_processed - worker.metrics.jobs_failed),
            str(worker.metrics.jobs_failed),
            str(worker.crash_count),
            "" if worker.memory_bytes is None else amounts.size(worker.memory_bytes),
            _what(worker),
        )
    return rows


def _what(worker: Worker) -> str:
    """What it does or waits for; the step's progress, where it has one at hand."""
    if worker.step_id is None:
        return plain(worker.note)
    percent = "" if worker.percent is None else f" {worker.percent:.0f} %"
    return plain(worker.step_id) + percent
