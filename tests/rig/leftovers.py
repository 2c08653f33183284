"""Containers carry the test run that made them; those of a run that was killed are removed by the next one."""

import contextlib
import os
import socket
from pathlib import Path

from tests.rig.program import ProgramFailed, run

LABEL = "clipmill-rig.run"


def label() -> dict[str, str]:
    """For containers of this run."""
    return {LABEL: f"{socket.gethostname()}/{os.getpid()}"}


def sweep() -> None:
    """Only what a process of this machine made that is no more: other machines may use the same daemon."""
    listed = run(
        ["docker", "ps", "--all", "--filter", f"label={LABEL}", "--format", f'{{{{.ID}}}} {{{{.Label "{LABEL}"}}}}']
    )
    for container, owner in (line.split() for line in listed.splitlines()):
        host, _, pid = owner.rpartition("/")
        if host == socket.gethostname() and not Path("/proc", pid).exists():
            # another run may be about to remove it as well
            with contextlib.suppress(ProgramFailed):
                run(["docker", "rm", "--force", container])
