"""`python -m bench.messaging`: one table, medians over interleaved rounds. Needs Docker, like the integration tests."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from bench.messaging import notifier, poison, restart, steady, table
from bench.messaging.contender import Contender, contenders
from bench.messaging.figures import Figures, medians
from bench.place import clean
from tests.rig.broker import RELEASE_OF, Broker

_SCENARIOS = ("steady", "restart", "poison", "notifier")


def main() -> None:
    """Measure and print."""
    wanted = _arguments()
    taking_part = [one for one in contenders() if any(name in one.name for name in wanted.only.split(","))]
    clean()
    with Broker(wanted.rabbitmq) as broker:
        found = _rounds(taking_part, broker, wanted)
        notified = [notifier.measure(broker, wanted.jobs) for _ in range(wanted.rounds) if "notifier" in wanted.what]
    clean()
    print(f"RabbitMQ {wanted.rabbitmq}, {wanted.jobs} jobs, medians of {wanted.rounds}, ratios to the first row\n")
    print(table.render({name: medians(rounds) for name, rounds in found.items()}, taking_part[0].name))
    if notified:
        print(f"\nnotifier: {medians(notified)['results']:.0f} results/s, each durable and told to its sender")


def _rounds(taking_part: list[Contender], broker: Broker, wanted: argparse.Namespace) -> dict[str, list[Figures]]:
    """The contenders take turns, so that what else the machine does meets them all alike."""
    found: dict[str, list[Figures]] = {one.name: [] for one in taking_part}
    for number in range(wanted.rounds):
        for name, measure in _scenarios(broker, wanted, last=number == wanted.rounds - 1):
            for one in taking_part:
                figures = measure(one)
                _tell(f"round {number + 1}, {name}, {one.name}", figures)
                found[one.name].append(figures)
    return found


def _scenarios(
    broker: Broker, wanted: argparse.Namespace, *, last: bool
) -> list[tuple[str, Callable[[Contender], Figures]]]:
    scenarios: dict[str, Callable[[Contender], Figures]] = {
        "steady": lambda one: steady.measure(one, broker, wanted.jobs),
        "restart": lambda one: restart.measure(one, broker),
    }
    if last:
        scenarios["poison"] = lambda one: poison.measure(one, broker)  # it counts: one round tells
    return [(name, measure) for name, measure in scenarios.items() if name in wanted.what]


def _tell(what: str, figures: Figures) -> None:
    sys.stderr.write(f"{what}: {', '.join(f'{name} {value:.4g}' for name, value in figures.items())}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.messaging", description=__doc__)
    parser.add_argument("--jobs", type=int, default=4000, help="no-op jobs a drain (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: %(default)s)")
    parser.add_argument("--rabbitmq", choices=sorted(RELEASE_OF), default="4.0", help="default: %(default)s")
    parser.add_argument("--only", default="", metavar="NAME,NAME", help="contenders whose names contain one of these")
    parser.add_argument("--what", default=",".join(_SCENARIOS), metavar="NAME,NAME", help="default: %(default)s")
    return parser.parse_args()


main()
