"""`python -m tests.chaos.worker SERVICE N [PLANT]`: clipmill's own worker with the suite's handler."""

import sys

from clipmill.worker import main
from tests.chaos import plants


def run(service: str, number: str, plant: str = "") -> None:
    """As systemd would start it: its instance number is its only argument."""
    sys.argv[1:] = [number]
    main(service, handler=plants.plant(plant))


if __name__ == "__main__":
    run(*sys.argv[1:])
