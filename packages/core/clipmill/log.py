"""Logging: to the journal with fields (JOB_ID, STEP_ID, WORKER, QUEUE, ATTEMPT), or to a terminal as plain lines."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from clipmill.messages import Step
from clipmill.settings import stderr_is_journal

_fields: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("fields", default=MappingProxyType({}))

# syslog's priorities (sd-daemon(3)) for Python's levels
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG_PRIORITY = 7


def setup(level: str, *, worker: str) -> None:
    """Log at `level` and above, as `worker` (download@1): a field of every line of this process."""
    _fields.set({"WORKER": worker, "SYSLOG_IDENTIFIER": f"clipmill-{worker.partition('@')[0]}"})
    handler = _JournalHandler() if stderr_is_journal() else _terminal()
    logging.basicConfig(level=level, handlers=[handler], format="%(message)s", force=True)
    # the journal knows the process, and there are no threads: nothing asks for these at each line
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # pika tells each frame's fate at INFO and each lost connection at ERROR, which we say once and in our words
    logging.getLogger("pika").setLevel(logging.CRITICAL)


def about(step: Step) -> contextlib.AbstractContextManager[None]:
    """Every line in the block is part of the story of `step`."""
    return _with(JOB_ID=step.job_id, STEP_ID=step.id, QUEUE=step.queue, ATTEMPT=str(step.attempt))


def about_job(job_id: str, *, queue: str) -> contextlib.AbstractContextManager[None]:
    """Every line in the block is part of the story of a job as a whole."""
    return _with(JOB_ID=job_id, QUEUE=queue)


@contextlib.contextmanager
def _with(**fields: str) -> Iterator[None]:
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


class _JournalHandler(logging.Handler):
    """journald's native protocol, field by field. systemd's own handler would send every attribute of the record."""

    def __init__(self) -> None:
        super().__init__()
        from systemd import journal  # only where there is a journal: the library may be missing on a laptop

        self._send = journal.send

    def emit(self, record: logging.LogRecord) -> None:
        fields = {**_fields.get(), "PRIORITY": str(_priority(record.levelno)), "LOGGER": record.name}
        if record.exc_info:
            fields["EXCEPTION"] = "".join(traceback.format_exception(*record.exc_info))
        try:
            self._send(
                self.format(record),
                CODE_FILE=record.pathname,
                CODE_LINE=record.lineno,
                CODE_FUNC=record.funcName,
                **fields,
            )
        except Exception:  # noqa: BLE001  # whatever the journal has against a line, the service goes on
            self.handleError(record)


class _TerminalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = _fields.get()
        where = " ".join(fields[name] for name in ("WORKER", "STEP_ID") if name in fields)
        return f"{record.levelname.lower()}: {where}: {super().format(record)}"


def _terminal() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_TerminalFormatter())
    return handler


def _priority(level: int) -> int:
    return next((priority for floor, priority in _PRIORITIES if level >= floor), _DEBUG_PRIORITY)
