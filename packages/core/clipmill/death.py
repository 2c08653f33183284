"""How a process died, for people."""

from __future__ import annotations

import signal

_SIGNALS_OF_A_CRASH = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}


def of(status: int) -> str:
    """A sentence on the handler's process that ended with `status`: negative for a signal, as subprocess has it."""
    if status >= 0:
        return f"the handler's process ended with status {status}"
    name = signal.Signals(-status).name
    if -status == signal.SIGKILL:
        return "the handler's process was killed (SIGKILL: the out-of-memory killer, or a person)"
    crashed = -status in _SIGNALS_OF_A_CRASH
    return f"the handler's process {'crashed in native code' if crashed else 'was ended'} ({name})"
