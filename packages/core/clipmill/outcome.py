"""What becomes of a step: the four outcomes that a handler returns, and the error that becomes one."""

from __future__ import annotations

import msgspec

from clipmill.messages import Artifact


class Done(msgspec.Struct, frozen=True, tag="done", tag_field="outcome"):
    """The step's artifacts stand."""

    artifacts: tuple[Artifact, ...] = ()


class Retry(msgspec.Struct, frozen=True, tag="retry", tag_field="outcome", rename="camel"):
    """This attempt failed for a reason that may pass."""

    reason: str
    cause: str = "unexpected"
    not_before: int | None = None
    """Milliseconds since the epoch before which another attempt is no use (Retry-After, a site's limit)."""


class Reject(msgspec.Struct, frozen=True, tag="reject", tag_field="outcome"):
    """Another attempt would fail as well: gone, private, unsupported, corrupt, malformed."""

    reason: str
    cause: str = "unexpected"


class Cancelled(msgspec.Struct, frozen=True, tag="cancelled", tag_field="outcome"):
    """Somebody no longer wants it."""

    reason: str = "cancelled"


Outcome = Done | Retry | Reject | Cancelled


class ToolError(Exception):
    """Something outside failed; `permanent` says whether another attempt is of no use."""

    def __init__(self, message: str, *, permanent: bool = False, cause: str = "unexpected") -> None:
        super().__init__(message)
        self.permanent = permanent
        self.cause = cause

    def outcome(self) -> Retry | Reject:
        """The outcome that this error is."""
        reason = str(self)
        return Reject(reason, self.cause) if self.permanent else Retry(reason, self.cause)
