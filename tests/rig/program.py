"""Runs a program of the host and returns what it printed."""

import subprocess
from collections.abc import Sequence


class ProgramFailed(Exception):
    """A program ended with a failing status; the message holds its command line and the end of what it printed."""


def run(argv: Sequence[str], *, timeout: float = 600) -> str:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise ProgramFailed(f"{' '.join(argv)}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def pipe(source: Sequence[str], sink: Sequence[str]) -> str:
    """source | sink, with the failure of either told."""
    with subprocess.Popen(source, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as producer:
        consumer = subprocess.run(sink, stdin=producer.stdout, capture_output=True, text=True, check=False)
    if producer.returncode or consumer.returncode:
        raise ProgramFailed(
            f"{' '.join(source)} | {' '.join(sink)}: exit {producer.returncode}, "
            f"{consumer.returncode}\n{consumer.stderr[-2000:]}"
        )
    return consumer.stdout
