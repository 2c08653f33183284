"""The attempt at hand: one at a time, in the child, whatever becomes of the session that brought its step."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from clipmill import messages
from clipmill.beside import unless
from clipmill.child import Child
from clipmill.fuse import CRASHES, Fuse
from clipmill.graveyard import Graveyard
from clipmill.messages import Step
from clipmill.obstacles import Obstacles
from clipmill.outcome import Cancelled, Done, Outcome, Reject, Retry
from clipmill.presence import Presence
from clipmill.store import Store
from clipmill.vital_signs import Stopwatch

log = logging.getLogger(__name__)

_TRIES, _TRY_SECONDS = 100, 0.02


@dataclass(frozen=True)
class _Attempt:
    step: Step
    outcome: asyncio.Task[Outcome]


class Attempts:
    """Turns steps into outcomes."""

    def __init__(
        self,
        *,
        child: Child,
        store: Store,
        graveyard: Graveyard,
        fuse: Fuse,
        obstacles: Obstacles,
        presence: Presence,
    ) -> None:
        self._child = child
        self._store = store
        self._graveyard = graveyard
        self._fuse = fuse
        self._obstacles = obstacles
        self._presence = presence
        self._at_hand: _Attempt | None = None
        self._unwanted = asyncio.Event()
        self._gave_way: Retry | None = None
        self.waiting_for_room = False
        """Whether the step at hand waits for room on the disk: it has not begun, and may be given back at once."""

    @property
    def busy_with(self) -> Step | None:
        """The step that is being worked on."""
        return self._at_hand.step if self._at_hand and not self._at_hand.outcome.done() else None

    async def outcome(self, step: Step) -> Outcome:
        """The outcome of `step`: of the attempt at hand, from its manifest, or of a new attempt.

        An attempt whose delivery was lost with its session goes on; the redelivery of its step takes that delivery's
        place. Another step that comes meanwhile waits: the worker does one at a time.
        """
        # another attempt of the same step is another step: an outcome whose delivery was lost is none of its business
        if self._at_hand and self._at_hand.step != step:
            await asyncio.wait({self._at_hand.outcome})
            self._at_hand = None
        if not self._at_hand:
            done = self._store.done(step)
            if done:
                log.info("answered from its manifest, without working again")
                self._clean(step)
                return done
            self._at_hand = _Attempt(step, asyncio.ensure_future(self._begin(step)))
        self._presence.working(step)
        return await asyncio.shield(self._at_hand.outcome)

    async def settled(self) -> None:
        """The step is settled: nothing of it is at hand any more, and the child is made ready for the next."""
        self._fuse.remove()
        self._at_hand = self._presence.signs.step = None
        self._presence.signs.last_activity = messages.now()
        await self._child.refresh()

    async def cancel(self, job_id: str) -> None:
        """End the attempt at hand if it is for this job: the child's end becomes the outcome `Cancelled`."""
        if self.busy_with and self.busy_with.job_id == job_id:
            self._unwanted.set()
            await self._child.bury()

    async def give_back(self) -> None:
        """Give up the attempt at hand without an outcome: its step is delivered again, and resumes from its files."""
        if self._at_hand and self.busy_with:
            log.warning("the step at hand is given back")
            self._at_hand.outcome.cancel()
            await asyncio.wait({self._at_hand.outcome})
        # also of an outcome that found no session to be told in: nothing has crashed
        self._fuse.remove()

    async def _begin(self, step: Step) -> Outcome:
        self._unwanted.clear()
        if instead := await self._room_for(step):
            return instead
        if self._store.is_cancelled(step.job_id):
            self._clean(step)
            return Cancelled()
        if self._fuse.has_blown(step.id):
            return Reject(f"it has crashed its worker {CRASHES} times", "crash")
        try:
            self._fuse.light(step.id)
        except OSError as error:
            return Retry(f"the store cannot be written to: {error.strerror}", "disk")
        # a late duplicate, or a step that was parked: what it would make, nobody asked for any longer
        if epitaph := self._graveyard.epitaph(step.job_id):
            return Cancelled(f"the job was over and its files were removed: {epitaph}")
        self._presence.signs.step = step
        return await self._work(step)

    async def _room_for(self, step: Step) -> Outcome | None:
        """None when there is room for the step, or nobody wants it any longer."""
        if self._obstacles.shortage(step) is None or self._store.is_cancelled(step.job_id):
            return None
        self.waiting_for_room = True
        try:
            return await unless(self._unwanted, self._obstacles.until_room_for(step))
        finally:
            self.waiting_for_room = False

    async def _work(self, step: Step) -> Outcome:
        """The attempt in the child, counted and told."""
        watch = Stopwatch()
        self._gave_way = None
        with self._obstacles.reserve_kept(self._give_way):
            outcome = await self._child.attempt(step, lambda report: self._presence.progress(step, report))
        self._presence.ended()
        if isinstance(outcome, Retry):
            outcome = await self._ended_early(step) or outcome
        if not isinstance(outcome, Retry):
            self._fuse.forgive(step.id)
        self._presence.signs.tally.count(outcome, watch.seconds)
        _log(outcome, watch.seconds)
        return outcome

    async def _give_way(self, reason: str) -> None:
        """End the attempt at hand: the room that it took is given back, and its step comes again."""
        self._gave_way = Retry(reason, "disk")
        await self._child.bury()

    async def _ended_early(self, step: Step) -> Outcome | None:
        """What an attempt comes to whose child was ended for a reason of ours."""
        unwanted = Cancelled() if self._store.is_cancelled(step.job_id) else None
        if not unwanted and not self._gave_way:
            return None
        # success wins: the child may have committed just before its end
        outcome = self._store.done(step) or unwanted or self._gave_way
        # the process in which it was made was killed with the child, and holds the step until it is gone
        for _ in range(_TRIES):
            if self._store.tidy(step):
                break
            await asyncio.sleep(_TRY_SECONDS)
        return outcome

    def _clean(self, step: Step) -> None:
        """What killed attempts have left goes with a step that has ended."""
        self._store.tidy(step)
        self._fuse.forgive(step.id)


def _log(outcome: Outcome, seconds: float) -> None:
    if isinstance(outcome, Done):
        log.info("done in %.1f s: %d artifacts", seconds, len(outcome.artifacts))
    else:
        log.warning("%s after %.1f s: %.2000s", type(outcome).__name__.lower(), seconds, outcome.reason)
