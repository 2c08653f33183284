"""How a worker is named: `HOST/INSTANCE` on the wire, INSTANCE.service in systemd, its service before the `@`. Pure."""

from __future__ import annotations

_LONGEST = 200


def worker_id(host: str, unit: str) -> str:
    """The name on the wire of the worker in `unit` on `host`."""
    return f"{host}/{unit.removesuffix('.service')}"


def unit_of(worker: str) -> str:
    """The unit in which a worker of that name runs."""
    return worker.rpartition("/")[2].removesuffix(".service") + ".service"


def service_of(worker: str) -> str:
    """The service that a worker of that name, or a unit, belongs to."""
    return worker.rpartition("/")[2].removesuffix(".service").partition("@")[0]


def is_usable(worker: str) -> bool:
    """Whether a name from the wire can be shown and kept: not empty, not endless, printable."""
    return 0 < len(worker) <= _LONGEST and worker.isprintable()
