"""The child's side: imports the handler, then turns each step that it reads into one outcome."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from clipmill import child_wire, log, messages, room, settings
from clipmill.child_wire import Ended, Ready, Report
from clipmill.messages import Step
from clipmill.outcome import Done, Outcome, Reject, Retry, ToolError
from clipmill.settings import Settings
from clipmill.store import Store
from clipmill.workspace import Workspace, open_workspace

_log = logging.getLogger(__name__)

Handler = Callable[[Step, Workspace], Outcome]

_PR_SET_PDEATHSIG = 1  # prctl(2)
_OOM_SCORE_ADJ = "500"


def main() -> None:
    """HANDLER FD WORKER: serve the worker at the other end of the socket FD until it closes."""
    handler, descriptor, worker = sys.argv[1:]
    die_with_parent()
    volunteer_for_the_oom_killer()
    with socket.socket(fileno=int(descriptor)) as connection, connection.makefile("rb") as lines:
        given = settings.parse(lines.readline())
        log.setup(given.log_level, worker=worker)
        handle = load(handler)
        connection.sendall(child_wire.encode(Ready()))
        for line in lines:
            step = messages.read_step(messages.read_object(line))
            with log.about(step):
                outcome = attempt(handle, step, given, lambda report: connection.sendall(child_wire.encode(report)))
            connection.sendall(child_wire.encode(Ended(outcome)))


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the worker dies, however it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def volunteer_for_the_oom_killer() -> None:
    """When memory is short the child goes and the worker stays, to say why."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE_ADJ)


def load(name: str) -> Handler:
    """The function that `module:function` names."""
    module, _, function = name.partition(":")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


def attempt(handle: Handler, step: Step, given: Settings, tell: Callable[[Report], None]) -> Outcome:
    """One attempt, by whoever holds the step: a second worker that has it too must find no half-removed workspace."""
    store = Store(given.store)
    try:
        with store.claim(step):
            outcome = store.done(step) or _believed(_work(handle, step, given, store, tell), store, given)
            if not isinstance(outcome, Retry) or outcome.cause == "disk":
                # of what ran out of room nothing is kept: half-done work of several steps could leave none for any
                store.clear_workspace(step)
            return outcome
    except OSError as error:
        return _failure(error)


def _work(handle: Handler, step: Step, given: Settings, store: Store, tell: Callable[[Report], None]) -> Outcome:
    """The one place where what a handler raises becomes an outcome."""
    try:
        return _commit(handle, step, given, store, tell)
    except Exception as error:  # noqa: BLE001  # whatever nobody expected is an outcome too
        return _failure(error)


def _believed(outcome: Outcome, store: Store, given: Settings) -> Outcome:
    """What is found corrupt on a full disk may be whole: the program that looked could not even write why it failed."""
    if isinstance(outcome, Reject) and outcome.cause in ("corrupt", "unsupported"):
        short = room.shortage(store.disk(), reserve=given.disk_reserve)
        return Retry(f"no room was left on the disk ({short.reason}): {outcome.reason}", "disk") if short else outcome
    return outcome


def _commit(handle: Handler, step: Step, given: Settings, store: Store, tell: Callable[[Report], None]) -> Outcome:
    """Let the handler work, and publish its artifacts when it is done."""
    workspace = open_workspace(store, step, given, lambda percent, note: tell(Report(round(percent, 1), note)))
    outcome = handle(step, workspace)
    if isinstance(outcome, Done):
        store.commit(step, outcome)
        store.clear_inbox(step)
    return outcome


def _failure(error: Exception) -> Outcome:
    match error:
        case ToolError():
            return error.outcome()
        case MemoryError():
            return Retry("the handler ran out of memory", "memory")
        case OSError(errno=errno.ENOSPC):
            return Retry("no space is left on the disk", "disk")
        case _:
            _log.error("the handler raised what nobody expected", exc_info=error)
            return Retry(f"{type(error).__name__}: {error}", "unexpected")


if __name__ == "__main__":
    # the worker's signals are not ours: a drain lets this process finish its step
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, msgspec.DecodeError):
        main()
    os._exit(0)
