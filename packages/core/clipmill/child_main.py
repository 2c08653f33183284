"""The child's side: imports the handler, then turns each step that it reads into one outcome.

It keeps the books (claim, manifest, commit) and never touches what comes from outside: that is done by the process that
it forks for each attempt.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from clipmill import attempt_process, child_wire, log, prctl, reach, room, sandbox, settings
from clipmill.attempt_process import Tell
from clipmill.child_wire import Ended, Ready, Report
from clipmill.messages import Step
from clipmill.outcome import Done, Outcome, Reject, Retry, ToolError
from clipmill.reach import Reach
from clipmill.settings import Settings
from clipmill.store import Store
from clipmill.workspace import Workspace, open_workspace

_log = logging.getLogger(__name__)

Handler = Callable[[Step, Workspace], Outcome]

_OOM_SCORE_ADJ = "500"


def main() -> None:
    """HANDLER FD WORKER: serve the worker at the other end of the socket FD until it closes."""
    handler, descriptor, worker = sys.argv[1:]
    prctl.die_with_parent()
    volunteer_for_the_oom_killer()
    with socket.socket(fileno=int(descriptor)) as connection, connection.makefile("rb") as lines:
        given = settings.parse(lines.readline())
        log.setup(given.log_level, worker=worker)
        sandbox.enclose_child(given)
        keep_from_forks(int(descriptor))
        handle = load(handler)
        gc.freeze()  # what is imported stays: a collection in a forked process would copy all of it
        connection.sendall(child_wire.encode(Ready()))
        for line in lines:
            step = child_wire.decode_step(line)
            with log.about(step):
                outcome = attempt(handle, step, given, lambda report: connection.sendall(child_wire.encode(report)))
            connection.sendall(child_wire.encode(Ended(outcome)))


def keep_from_forks(descriptor: int) -> None:
    """An attempt's process does not speak with the worker. (In there subprocess forks too: the number is another's.)"""
    here = os.getpid()
    os.register_at_fork(after_in_child=lambda: os.close(descriptor) if os.getppid() == here else None)


def volunteer_for_the_oom_killer() -> None:
    """When memory is short the child goes and the worker stays, to say why."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE_ADJ)


def load(name: str) -> Handler:
    """The function that `module:function` names."""
    module, _, function = name.partition(":")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


def attempt(handle: Handler, step: Step, given: Settings, tell: Tell) -> Outcome:
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


def _work(handle: Handler, step: Step, given: Settings, store: Store, tell: Tell) -> Outcome:
    """One attempt, and its artifacts published when it is done."""
    return _caught(lambda: _commit(handle, open_workspace(store, step, given, _teller(tell)), tell))


def _commit(handle: Handler, workspace: Workspace, tell: Tell) -> Outcome:
    outcome = _handled(handle, workspace, tell)
    if isinstance(outcome, Done):
        workspace.store.commit(workspace.step, outcome)
        workspace.store.clear_inbox(workspace.step)
    return outcome


def _handled(handle: Handler, workspace: Workspace, tell: Tell) -> Outcome:
    """What the handler makes of the step, in a process that reaches nothing else."""
    far = reach.of(handle)
    if far is Reach.STORE:
        return handle(workspace.step, workspace)
    outcome = attempt_process.run(
        lambda tell: _caught(lambda: handle(workspace.step, replace(workspace, report=_teller(tell)))),
        tell,
        enclose=lambda: sandbox.enclose_attempt(workspace, far),
        objection=lambda: _shortage(workspace),
    )
    if isinstance(outcome, Retry) and _shortage(workspace):
        workspace.store.clear_workspace(workspace.step)
    return outcome


def _teller(tell: Tell) -> Callable[[float, str], None]:
    return lambda percent, note: tell(Report(round(percent, 1), note))


def _shortage(workspace: Workspace) -> Retry | None:
    """Whether the attempt is filling the disk."""
    full = workspace.store.disk().free < sandbox.least_free(workspace.settings)
    return Retry("it was filling the disk", "disk") if full else None


def _caught(work: Callable[[], Outcome]) -> Outcome:
    """The one place where what a handler raises becomes an outcome."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001  # whatever nobody expected is an outcome too
        return _failure(error)


def _believed(outcome: Outcome, store: Store, given: Settings) -> Outcome:
    """What is found corrupt on a full disk may be whole: the program that looked could not even write why it failed."""
    if isinstance(outcome, Reject) and outcome.cause in ("corrupt", "unsupported"):
        short = room.shortage(store.disk(), reserve=given.disk_reserve)
        return Retry(f"no room was left on the disk ({short.reason}): {outcome.reason}", "disk") if short else outcome
    return outcome


def _failure(error: Exception) -> Outcome:
    match error:
        case ToolError():
            return error.outcome()
        case MemoryError():
            return Retry("the handler ran out of memory", "memory")
        case OSError(errno=errno.ENOSPC | errno.EFBIG):  # the sandbox's limit is what the disk has room for
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
