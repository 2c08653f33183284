"""Sees to it that a Docker daemon runs, and says what to do where none can."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.rig.deadline import until
from tests.rig.program import ProgramFailed, run

# testcontainers' janitor is an image of its own, and no image can be pulled here: each fixture removes what it made.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"

LOG = Path("/var/log/clipmill-rig-dockerd.log")
ADVICE = "install it with `apt-get install docker.io mmdebstrap` and run the tests as root, or start dockerd yourself"


class NoDocker(Exception):
    """No Docker daemon answers and none can be started; the message says what to do."""


def ensure() -> None:
    """Returns when a daemon answers; the one that is started here stays, so that the next run finds it."""
    if _answers():
        return
    if not shutil.which("dockerd") or os.geteuid():
        raise NoDocker(f"no Docker daemon answers: {ADVICE}")
    _start()


def _answers() -> bool:
    try:
        run(["docker", "info", "--format", "{{.ServerVersion}}"], timeout=30)
    except (ProgramFailed, FileNotFoundError):
        return False
    return True


def _start() -> None:
    """(`setsid --fork`, for it outlives this process: nobody here waits for its end.)"""
    with LOG.open("ab") as log:
        subprocess.run(
            ["setsid", "--fork", "dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, timeout=30
        )
    try:
        until(_answers, what="dockerd", seconds=60)
    except TimeoutError as silence:
        raise NoDocker(f"dockerd was started but does not answer; its log is {LOG}") from silence
