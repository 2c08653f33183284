"""`python -m tests.chaos --jobs N --seed S`: one run of the fault suite and its report; exit 1 unless it is clean."""

import argparse
import asyncio
import secrets
import signal
import sys
from pathlib import Path

from tests.chaos import report
from tests.chaos.fault import KINDS
from tests.chaos.plants import PLANTS
from tests.chaos.run import play
from tests.chaos.stage import Plan
from tests.rig.broker import RELEASE_OF, Broker


def main() -> int:
    """0 when the books are clean."""
    # whoever ends us in the middle gets his disk, his processes and his container back
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    given = _arguments()
    plan = Plan(jobs=given.jobs, seed=given.seed, kinds=given.faults.split(","), plant=given.plant)
    with Broker(given.rabbitmq) as broker:
        books = asyncio.run(play(plan, broker, keep=given.keep))
    print(report.write(books))
    return 1 if books.trouble else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="same seed, same jobs and faults")
    parser.add_argument("--rabbitmq", choices=sorted(RELEASE_OF), default="4.0")
    parser.add_argument("--faults", default=",".join(KINDS), help="only these kinds, separated by commas")
    parser.add_argument("--plant", choices=sorted(PLANTS), default="", help="plant a bug, which the run must find")
    parser.add_argument("--keep", type=Path, help="an empty directory in which the logs stay")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
