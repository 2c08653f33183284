"""`python -m bench.manager`: the manager with a long history, a large fleet, a kill in between, and the books after.

Needs Docker, like the integration tests. A history of a million jobs takes a quarter of an hour to write; it is kept
in .cache for the next time.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil

from bench.manager import filling
from bench.manager.fleet import Fleet
from bench.manager.life import live
from bench.place import CACHE, clean, scratch
from bench.vhost import vhost
from clipmill import messages
from tests.rig.broker import RELEASE_OF, Broker

_MEASURED_JOBS = 20_000
_BATCH, _BIG_BATCH = 16, 512


def main() -> None:
    """Measure and print."""
    wanted = _arguments()
    size = filling.fill(scratch() / "history.db", Fleet(), _MEASURED_JOBS, until=messages.now(), batch=_BATCH)
    print(f"{size:.0f} bytes a job on the disk ({_MEASURED_JOBS} jobs of three steps, {_BATCH} events a transaction)")
    directory = scratch()
    (directory / "state").mkdir()
    shutil.copy(_history(wanted.jobs), directory / "state" / "history.db")
    with Broker(wanted.rabbitmq) as broker, vhost(broker) as url:
        asyncio.run(live(directory, url, seconds=wanted.seconds, backlog=wanted.backlog))
    clean()


def _history(jobs: int) -> str:
    """The path of a history of that many jobs, the newest of today: kept by size and day."""
    path = CACHE / f"history-{jobs}.db"
    if not path.exists():
        making = path.with_suffix(".making")
        making.unlink(missing_ok=True)
        making.parent.mkdir(parents=True, exist_ok=True)
        filling.fill(making, Fleet(seed=jobs), jobs, until=messages.now(), batch=_BIG_BATCH)
        making.rename(path)
    return str(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.manager", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="jobs in the history (default: %(default)s)")
    parser.add_argument("--backlog", type=int, default=5_000, help="jobs told while it is down (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=30, help="of 1000 events each (default: %(default)s)")
    parser.add_argument("--rabbitmq", choices=sorted(RELEASE_OF), default="4.0", help="default: %(default)s")
    return parser.parse_args()


main()
