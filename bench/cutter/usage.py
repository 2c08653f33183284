"""Runs a command to its end and tells what it used."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Of one command, or of several one after the other."""

    cpu: float
    """Seconds, of the command and all that it waited for."""
    peak: float
    """MiB that its largest process had resident."""
    failed: str = ""

    def __add__(self, other: Usage) -> Usage:
        return Usage(cpu=self.cpu + other.cpu, peak=max(self.peak, other.peak), failed=self.failed or other.failed)


def of(command: Sequence[str | Path], folder: Path, seconds: float = 7200) -> Usage:
    """Run `command` in `folder`."""
    with (folder / "said.txt").open("wb") as said:
        # wait4(2) tells the time of all descendants, but of memory the first process's alone: GNU time is not needed
        process = subprocess.Popen(
            ["prlimit", f"--cpu={seconds:.0f}", *map(str, command)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    words = (folder / "said.txt").read_text(errors="replace").strip().splitlines()
    failed = (words[-1] if words else f"exit {process.returncode}") if process.returncode else ""
    (folder / "said.txt").unlink()
    return Usage(cpu=used.ru_utime + used.ru_stime, peak=used.ru_maxrss / 1024, failed=failed)
