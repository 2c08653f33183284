"""Settling a delivery: what follows from an outcome is published and confirmed, and only then it is acked."""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from clipmill import dead_letter, events, messages, pipeline, retry, topology
from clipmill.dead_letter import DELIVERY_LIMIT, ONCE_MORE, Failure
from clipmill.events import Error, ErrorPayload, Result, ResultPayload
from clipmill.messages import Step
from clipmill.outcome import Cancelled, Done, Outcome, Reject, Retry
from clipmill.reconnect import delay_after
from clipmill.session import Delivery, Publication, PublishRefused, Session

log = logging.getLogger(__name__)

_NONE: Mapping[str, bool] = MappingProxyType({})

_LONGEST_WAIT_MS = 24 * 3600 * 1000
"""A site may ask for a day; a job that waits for years is lost."""


async def settle(
    session: Session, delivery: Delivery, *follows: Publication, waiting: Callable[[str], None] = log.warning
) -> None:
    """Publish what follows, confirmed; then ack. Nothing else in the code base acks.

    While the broker refuses what follows (a queue is full, has no quorum, is missing) the delivery stays ours: it is
    tried again, and `waiting` is told. Steps and events have ids, so what was taken twice is one. Raises SessionLost:
    the delivery comes again then.
    """
    for failures in itertools.count(1):
        try:
            await session.publish(*follows)
            break
        except PublishRefused as refused:
            delay = delay_after(failures)
            waiting(f"waiting for the broker to take what follows: {refused}, next try in {delay} s")
            await asyncio.sleep(delay)
    session.ack(delivery)


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What follows from the outcomes of one worker's steps."""

    worker: str

    def after(self, step: Step, outcome: Outcome) -> list[Publication]:
        """What is to be published for `outcome`."""
        match outcome:
            case Done():
                return self._after_done(step, outcome)
            case Retry() | Reject():
                failure = dead_letter.failure_of(outcome)
                queue = topology.dead_letter_queue(step.service)
                return [dead_letter.write(messages.write_step(step), failure, queue=queue, message_id=step.id)]
            case Cancelled():
                return [self._error(step, outcome.reason, "cancelled", cancelled=True)]

    def after_failure(self, step: Step, failure: Failure, body: bytes, now: int) -> list[Publication]:
        """What becomes of a dead letter: another attempt by way of a rung, or the parking lot and an `error`."""
        if failure.not_before is not None and failure.not_before > now and not failure.permanent:
            until = min(failure.not_before, now + _LONGEST_WAIT_MS)
            return [_to_rung(msgspec.structs.replace(step, not_before=until), retry.rung_until(until - now))]
        if failure.cause == DELIVERY_LIMIT and not failure.permanent:
            return [_to_rung(step, retry.LONGEST, ONCE_MORE)]
        rung = None if failure.permanent else retry.rung_after(step.attempt, random.random())
        if rung is not None:
            return [_to_rung(msgspec.structs.replace(step, attempt=step.attempt + 1, not_before=None), rung)]
        parked = dead_letter.write(body, failure, queue=topology.parking_lot(step.service), message_id=step.id)
        return [self._error(step, failure.reason, failure.cause), parked]

    def _after_done(self, step: Step, done: Done) -> list[Publication]:
        spawned = pipeline.spawn(step, done.artifacts)
        result = Result(
            **events.told_of(step, event_id=f"{step.id}/result", queue=step.queue, worker=self.worker),
            payload=ResultPayload(
                results=[artifact.file_path for artifact in done.artifacts],
                sender=step.sender,
                noreply=step.noreply,
                link=step.link,
                file_path=step.file_path,
                reply_to=step.reply_to,
                artifacts=list(done.artifacts),
                spawned=[following.id for following in spawned],
            ),
        )
        return [*map(to_work, spawned), to_results(result, step.service)]

    def _error(self, step: Step, reason: str, cause: str, *, cancelled: bool = False) -> Publication:
        queue = topology.dead_letter_queue(step.service)
        error = Error(
            **events.told_of(step, event_id=f"{step.id}/error", queue=queue, worker=self.worker),
            payload=ErrorPayload(
                error=reason,
                cause=cause,
                cancelled=cancelled,
                sender=step.sender,
                noreply=step.noreply,
                link=step.link,
                file_path=step.file_path,
                reply_to=step.reply_to,
            ),
        )
        return to_results(error, step.service)


def to_work(step: Step) -> Publication:
    """The publication that puts a step on its work queue."""
    return Publication(
        exchange=topology.JOBS, routing_key=step.service, body=messages.write_step(step), message_id=step.id
    )


def to_results(event: events.StepEvent, service: str) -> Publication:
    """The publication that tells an event."""
    kind = event.__struct_config__.tag
    return Publication(
        exchange=topology.RESULTS, routing_key=f"{kind}.{service}", body=events.write_event(event), message_id=event.id
    )


def _to_rung(step: Step, seconds: int, headers: Mapping[str, bool] = _NONE) -> Publication:
    return Publication(
        exchange=topology.rung(seconds),
        routing_key=step.service,
        body=messages.write_step(step),
        message_id=step.id,
        headers=dict(headers),
    )
