"""A dead letter: a message that failed, its body untouched, with reason, cause and kind in its headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clipmill import messages
from clipmill.outcome import Reject, Retry
from clipmill.session import Delivery, Publication
from clipmill.topology import DEFAULT_EXCHANGE

_REASON, _CAUSE, _PERMANENT, _NOT_BEFORE = "x-reason", "x-cause", "x-permanent", "x-not-before"
_REASON_LENGTH = 2000
_CAUSE_LENGTH = 100
_LARGEST = 2**63 - 1  # of AMQP's integers

DELIVERY_LIMIT = "delivery-limit"
"""The cause of what the broker itself dead-letters: it counts drains, pauses and cut connections, too (docs/facts.md,
12), while a crash leaves a record of our own (the fuse). So it is tried once more, after the longest wait."""
_TRIED_ONCE_MORE = "x-tried-once-more"
ONCE_MORE: Mapping[str, bool] = MappingProxyType({_TRIED_ONCE_MORE: True})
"""The headers of that one try: the broker keeps them, and dead-letters them with the message."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a step failed; `permanent` when another attempt is of no use."""

    reason: str
    cause: str
    permanent: bool
    not_before: int | None = None


def failure_of(outcome: Retry | Reject) -> Failure:
    """The failure that an outcome is."""
    if isinstance(outcome, Reject):
        return Failure(reason=outcome.reason, cause=outcome.cause, permanent=True)
    return Failure(reason=outcome.reason, cause=outcome.cause, permanent=False, not_before=outcome.not_before)


def write(body: bytes, failure: Failure, *, queue: str, message_id: str | None) -> Publication:
    """The dead letter for `queue` (a dead-letter queue, or a parking lot)."""
    headers: dict[str, str | int | bool] = {
        _REASON: failure.reason[:_REASON_LENGTH],
        _CAUSE: failure.cause[:_CAUSE_LENGTH],
        _PERMANENT: failure.permanent,
    }
    if failure.not_before is not None:
        headers[_NOT_BEFORE] = max(-_LARGEST, min(failure.not_before, _LARGEST))
    return Publication(exchange=DEFAULT_EXCHANGE, routing_key=queue, body=body, message_id=message_id, headers=headers)


def read(delivery: Delivery) -> Failure:
    """The failure in a dead letter's headers; one without ours was dead-lettered by the broker itself."""
    headers = delivery.headers
    if _REASON not in headers:
        return Failure(
            reason="it was delivered too often without being settled",
            cause=DELIVERY_LIMIT,
            permanent=_TRIED_ONCE_MORE in headers,
        )
    not_before = headers.get(_NOT_BEFORE)
    return Failure(
        reason=str(headers[_REASON])[:_REASON_LENGTH],
        cause=str(headers.get(_CAUSE, "unexpected"))[:_CAUSE_LENGTH],
        permanent=bool(headers.get(_PERMANENT)),
        not_before=not_before if isinstance(not_before, int) and messages.is_moment(not_before) else None,
    )
