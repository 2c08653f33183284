"""Who may look: one password, sessions that end, and a limit on guesses. Pure but for the dice."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable

SESSION_SECONDS = 12 * 3600
_MOST_SESSIONS = 1_000
_MOST_FAILURES = 10
_FAILURE_SECONDS = 60


class TooManyTries(Exception):
    """Somebody guesses: nobody is let in for a while."""


class Login:
    """Sessions live in memory: a manager that starts again asks for the password again."""

    def __init__(self, password: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._password = password.encode()
        self._clock = clock
        self._sessions: dict[str, float] = {}
        self._failures: deque[float] = deque(maxlen=_MOST_FAILURES)

    def enter(self, password: str) -> str | None:
        """The name of a new session; None for a wrong password. Raises TooManyTries."""
        now = self._clock()
        if len(self._failures) == _MOST_FAILURES and now - self._failures[0] < _FAILURE_SECONDS:
            raise TooManyTries
        if not self.knows(password):
            self._failures.append(now)
            return None
        name = secrets.token_urlsafe(32)
        self._sessions[name] = now + SESSION_SECONDS
        while len(self._sessions) > _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return name

    def knows(self, password: str) -> bool:
        """Whether it is the password; in the same time for every wrong one."""
        return hmac.compare_digest(password.encode(errors="replace"), self._password)

    def is_in(self, session: str) -> bool:
        """Whether the session stands."""
        return self._clock() < self._sessions.get(session, 0.0)

    def leave(self, session: str) -> None:
        """End it."""
        self._sessions.pop(session, None)
