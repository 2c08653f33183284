"""Runs external programs: clean environment, own process group, a time limit, and failures that can be pasted."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from clipmill import prctl
from clipmill.outcome import ToolError
from clipmill.settings import clean_environment

log = logging.getLogger(__name__)

Command = Sequence[str | Path]

_TAIL_BYTES = 4000


def run(
    command: Command, *, timeout: float, cwd: Path | None = None, on_line: Callable[[str], None] | None = None
) -> None:
    """Run `command` to its end, at most `timeout` seconds; `on_line` gets each line of its standard output.

    Raises ToolError with the signal or exit status and the last line of its standard error. The whole group is killed
    when it takes too long, and when `on_line` raises.
    """
    with tempfile.TemporaryFile() as errors, _group(command, cwd, errors) as process:
        with _deadline(process, timeout) as expired:
            _feed(process, on_line)
            status = process.wait()
        if expired.is_set():
            raise ToolError(f"{_name(command)} took longer than {timeout:.0f} s", cause="timeout")
        if status:
            raise _failure(command, status, errors)


def output(command: Command, *, timeout: float, cwd: Path | None = None) -> str:
    """Run `command` and return its standard output as text. Raises ToolError as `run` does."""
    lines: list[str] = []
    run(command, timeout=timeout, cwd=cwd, on_line=lines.append)
    return "\n".join(lines)


def find(program: str) -> str | None:
    """Where `program` lies on the PATH, or None."""
    return shutil.which(program)


@contextlib.contextmanager
def _group(command: Command, cwd: Path | None, errors: IO[bytes]) -> Iterator[subprocess.Popen[str]]:
    """The program as a process group of its own, which ends with the block however it is left.

    Of its own, so that it can be ended alone; whoever kills a child and its group would leave it behind, so it also
    dies with us.
    """
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=cwd,
        text=True,
        errors="replace",
        env=clean_environment(),
        process_group=0,
        preexec_fn=prctl.die_with_parent,
    )
    with process:
        try:
            yield process
        finally:
            _kill_group(process)


@contextlib.contextmanager
def _deadline(process: subprocess.Popen[str], seconds: float) -> Iterator[threading.Event]:
    """Kills the group after `seconds` and says so in the event. A timer, since standard output is read as it comes."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _kill_group(process)

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _feed(process: subprocess.Popen[str], on_line: Callable[[str], None] | None) -> None:
    assert process.stdout
    for line in process.stdout:
        if on_line:
            on_line(line.rstrip("\n"))


def _kill_group(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _name(command: Command) -> str:
    return Path(command[0]).name


def _failure(command: Command, status: int, errors: IO[bytes]) -> ToolError:
    """One error for a failed run; the whole command and what it said are logged, so that they can be pasted."""
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TAIL_BYTES))
    said = errors.read().decode(errors="replace").strip()
    log.error("%s failed: %s\n%s", _name(command), shlex.join(str(word) for word in command), said)
    # not always in its last words, and never the fault of what it was given
    if full := [line for line in said.splitlines() if os.strerror(errno.ENOSPC) in line]:
        return ToolError(f"{_name(command)}: {full[-1]}", cause="disk")
    if -status == signal.SIGXFSZ:  # the sandbox limits a file to what the disk has room for
        return ToolError(f"{_name(command)} found no space left on the disk", cause="disk")
    if status < 0:
        return ToolError(f"{_name(command)} was ended by {signal.Signals(-status).name}", cause="killed")
    return ToolError(f"{_name(command)}: {said.splitlines()[-1] if said else f'exit status {status}'}", cause="tool")
