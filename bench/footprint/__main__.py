"""`python -m bench.footprint`: memory and CPU seconds to READY of each service alone, and what takes the memory.

Needs Docker, like the integration tests. Page cache warm, bytecode compiled: the first of the starts is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess

from bench.footprint.service import PYTHON, SERVICES, Footprint, environment, measure
from bench.place import ROOT, clean, scratch
from bench.vhost import vhost
from tests.rig.broker import RELEASE_OF, Broker

_SHOWN = 8


def main() -> None:
    """Measure and print."""
    wanted = _arguments()
    with Broker(wanted.rabbitmq) as broker, vhost(broker) as url:
        found = {service: _starts(service, url, wanted.rounds) for service in wanted.services.split(",")}
    print(f"{'':10} CPU s to READY | s to READY | MiB alone | PSS MiB here | processes/threads")
    for service, starts in found.items():
        print(f"{service:10} {_row(starts)}")
    print("\nKiB that are resident because of a package (children of a worker import again what its parent did):")
    for service in found:
        print(f"{service:10} {_imports(service)}")
    clean()


def _starts(service: str, url: str, rounds: int) -> list[Footprint]:
    return [measure(service, url) for _ in range(rounds + 1)][1:]


def _row(starts: list[Footprint]) -> str:
    cpu, wall, alone, pss = (
        statistics.median(figures) for figures in zip(*((s.cpu, s.wall, s.alone, s.pss) for s in starts), strict=True)
    )
    return f"{cpu:14.2f} | {wall:10.2f} | {alone:9.1f} | {pss:12.1f} | {starts[0].processes}"


def _imports(service: str) -> str:
    script = ROOT / "bench" / "footprint" / "imports.py"
    modules = [f"clipmill_{service}.{'consumer' if service in SERVICES[:2] else 'handler'}", "clipmill.worker"]
    command = [PYTHON, "-P", str(script), *modules]
    done = subprocess.run(command, env=environment(scratch(), ""), stdout=subprocess.PIPE, text=True, check=True)
    pairs = [line.split(" ", 1) for line in done.stdout.splitlines()]
    return ", ".join(f"{name} {size}" for size, name in pairs[: _SHOWN + 1])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.footprint", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="starts of each service (default: %(default)s)")
    parser.add_argument("--services", default=",".join(SERVICES), metavar="NAME,NAME", help="default: %(default)s")
    parser.add_argument("--rabbitmq", choices=sorted(RELEASE_OF), default="4.0", help="default: %(default)s")
    return parser.parse_args()


main()
