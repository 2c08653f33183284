"""The process in which one attempt is made: forked from the warm child, enclosed, and gone with all that it started.

A domain of Landlock can only become smaller, and a handler that was taken over would still be there for the next step.
So each attempt has a process of its own. It costs two milliseconds (docs/architecture.md).
"""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterator

import msgspec

from clipmill import child_wire, death, family, prctl
from clipmill.child_wire import Ended, Report
from clipmill.outcome import Outcome, Retry

log = logging.getLogger(__name__)

Tell = Callable[[Report], None]

_LINE_BYTES = 16 << 20
_READ_BYTES = 64 << 10
_LOOK_SECONDS = 0.5


def run(
    work: Callable[[Tell], Outcome], tell: Tell, *, enclose: Callable[[], None], objection: Callable[[], Retry | None]
) -> Outcome:
    """What `work` gives, done in a process that `enclose` has locked up. However that ends, it is an outcome.

    Twice a second `objection` is asked whether the attempt must end here and now. Nothing of it runs on when this
    returns: what it wrote can be looked at, and stays as it is.
    """
    parent = os.getpid()
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reader)
        _serve(work, writer, enclose, parent)
    os.close(writer)
    try:
        outcome = _hear(reader, tell, objection)
        return outcome or Retry(death.of(_end(pid)), "crash")
    finally:
        os.close(reader)
        family.end_descendants()


def _serve(work: Callable[[Tell], Outcome], writer: int, enclose: Callable[[], None], parent: int) -> None:
    """The new process. It never returns."""
    status = 1
    try:
        prctl.die_with_parent()
        if os.getppid() == parent:
            enclose()
            outcome = work(lambda report: _write(writer, child_wire.encode(report)))
            _write(writer, child_wire.encode(Ended(outcome)))
            status = 0
    finally:
        os._exit(status)


def _write(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


def _hear(reader: int, tell: Tell, objection: Callable[[], Retry | None]) -> Outcome | None:
    """Its outcome, or None when it ends without one, or says what makes no sense."""
    buffer, look = bytearray(), time.monotonic() + _LOOK_SECONDS
    while True:
        if select.select([reader], [], [], max(0.0, look - time.monotonic()))[0]:
            chunk = os.read(reader, _READ_BYTES)
            if not chunk or len(buffer) > _LINE_BYTES:
                return None
            buffer += chunk
            for message in _messages(buffer):
                match message:
                    case Ended(outcome):
                        return outcome
                    case Report() as report:
                        tell(report)
                    case _:
                        return None
        if time.monotonic() >= look:
            look = time.monotonic() + _LOOK_SECONDS
            if no := objection():
                return no


def _messages(buffer: bytearray) -> Iterator[child_wire.FromChild | None]:
    """The whole lines in the buffer, which are taken out of it; None for one that makes no sense."""
    while (end := buffer.find(b"\n") + 1) > 0:
        line = bytes(buffer[:end])
        del buffer[:end]
        try:
            yield child_wire.decode(line)
        except msgspec.DecodeError as error:
            log.warning("the attempt's process said what makes no sense: %s", error)
            yield None


def _end(pid: int) -> int:
    """How it ended, as subprocess counts it. One that spoke out of turn, or fell silent, still lives: not for long."""
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
