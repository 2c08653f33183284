"""The dead-letter consumer in each worker: there alone it is decided whether a failed step is retried or parked."""

from __future__ import annotations

import logging

from clipmill import admission, dead_letter, log, messages, topology
from clipmill.dead_letter import Failure
from clipmill.fuse import Fuse
from clipmill.messages import MalformedMessage, Step
from clipmill.session import Delivery, Publication, Session
from clipmill.settlement import Settlement, settle
from clipmill.store import Store

_log = logging.getLogger(__name__)


class DeadLetterConsumer:
    """Decides the dead letters of one service, one after the other."""

    def __init__(self, service: str, store: Store, fuse: Fuse, settlement: Settlement) -> None:
        self.service = service
        self._store = store
        self._fuse = fuse
        self._settlement = settlement

    async def run(self, session: Session) -> None:
        """Until the session ends or this is cancelled."""
        async with session.consume(topology.dead_letter_queue(self.service), prefetch=1) as letters:
            async for letter in letters:
                await settle(session, letter, *self.decide(letter))

    def decide(self, letter: Delivery) -> list[Publication]:
        """What becomes of a dead letter: another attempt, or an `error` and the parking lot."""
        step, failure = self._read(letter)
        with log.about(step):
            # success wins: the step may have been done while its delivery was lost
            done = self._store.done(step)
            if done:
                _log.info("done after all: its manifest stands")
                self._clean(step)
                return self._settlement.after(step, done)
            follows = self._settlement.after_failure(step, failure, letter.body, messages.now())
            if follows[-1].exchange == topology.DEFAULT_EXCHANGE:
                _log.error("given up and parked: %s", failure.reason)
                self._clean(step)
            else:
                _log.warning("another attempt by %s: %s", follows[-1].exchange, failure.reason)
            return follows

    def _clean(self, step: Step) -> None:
        """What killed attempts have left goes with a step that has ended."""
        self._store.tidy(step)
        self._fuse.forgive(step.id)

    def _read(self, letter: Delivery) -> tuple[Step, Failure]:
        failure = dead_letter.read(letter)
        try:
            return admission.read_any(letter, self.service), failure
        except MalformedMessage as error:
            # what is salvaged is enough to tell the sender: an attempt would be one at another step
            unreadable = Failure(reason=str(error), cause="malformed", permanent=True)
            return admission.salvage(letter, self.service), failure if failure.permanent else unreadable
