"""The intake: takes deliveries from the work queue, and sees each to its settlement."""

from __future__ import annotations

import asyncio
import logging

from clipmill import admission, dead_letter, log, messages, topology
from clipmill.attempts import Attempts
from clipmill.beside import beside, first_of, unless
from clipmill.dead_letter import Failure
from clipmill.messages import MalformedMessage, Step
from clipmill.obstacles import Obstacles
from clipmill.presence import Presence
from clipmill.session import Deliveries, Delivery, Publication, Session
from clipmill.settlement import Settlement, settle, to_work

_log = logging.getLogger(__name__)


class Intake:
    """One delivery after the other, for as long as steps can be worked on."""

    def __init__(
        self, service: str, *, attempts: Attempts, settlement: Settlement, obstacles: Obstacles, presence: Presence
    ) -> None:
        self._service = service
        self._queue = topology.work_queue(service)
        self._attempts = attempts
        self._settlement = settlement
        self._obstacles = obstacles
        self._presence = presence

    async def take(self, session: Session, draining: asyncio.Event) -> None:
        """Until drained: the delivery at hand is settled then. Raises SessionLost."""
        while not draining.is_set():
            await unless(draining, self._obstacles.until_gone(session))
            if draining.is_set():
                return
            async with (
                session.consume(self._queue, prefetch=1) as steps,
                beside(self._stop(steps, session, draining)) as stopped,
            ):
                self._idle()
                async for delivery in steps:
                    await self._work(session, delivery)
                    self._idle()
                await stopped
                await self._work_on_last(session, steps, draining)

    async def _work_on_last(self, session: Session, steps: Deliveries, draining: asyncio.Event) -> None:
        """What the broker handed over just before it heard that we take no more would stay with us, unsettled, for as
        long as the session lasts. It waits for its room like any other; when draining, the session's end returns it.
        """
        for delivery in steps.waiting():
            if not draining.is_set():
                await self._work(session, delivery)

    async def _stop(self, steps: Deliveries, session: Session, draining: asyncio.Event) -> None:
        """End the consumer when told to drain or when something is in the way."""
        await first_of(draining.wait(), self._obstacles.until_met(session))
        await steps.stop()

    async def _work(self, session: Session, delivery: Delivery) -> None:
        """The way of one delivery: received, worked or answered, settled."""
        match self._receive(delivery):
            case Publication() as instead:
                await settle(session, delivery, instead, waiting=self._presence.wait_for)
            case Step() as step:
                with log.about(step):
                    outcome = await self._attempts.outcome(step)
                    what_follows = self._settlement.after(step, outcome)
                    await settle(session, delivery, *what_follows, waiting=self._presence.wait_for)
                    await self._attempts.settled()

    def _receive(self, delivery: Delivery) -> Step | Publication:
        """The step of a delivery; or what follows instead: the same message admitted, or a dead letter."""
        try:
            fields = messages.read_object(delivery.body)
            if admission.is_admitted(fields):
                return admission.read(fields, self._service)
            step = admission.admit(fields, delivery, self._service)
        except MalformedMessage as error:
            return self._malformed(delivery, error)
        with log.about(step):
            _log.info("admitted: %.300s", step.link or step.file_path)
        return to_work(step)

    def _malformed(self, delivery: Delivery, error: MalformedMessage) -> Publication:
        _log.warning("a message cannot be read: %s", error)
        failure = Failure(reason=str(error), cause="malformed", permanent=True)
        queue = topology.dead_letter_queue(self._service)
        return dead_letter.write(delivery.body, failure, queue=queue, message_id=delivery.message_id)

    def _idle(self) -> None:
        """Between two deliveries; an attempt whose delivery was lost may still be at work."""
        if step := self._attempts.busy_with:
            self._presence.working(step)
        else:
            self._presence.idle(f"idle: waiting for steps on {self._queue}")
