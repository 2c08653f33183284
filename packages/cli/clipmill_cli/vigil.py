"""Keeps watch over jobs: listens to their events from before they are published until the last of them is over."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable

from clipmill import events
from clipmill.event_consumer import PREFETCH
from clipmill.events import Error, Progress, Result, StepEvent
from clipmill.job_tree import JobTree
from clipmill.messages import MalformedMessage
from clipmill.session import Session, SessionLost
from clipmill.settlement import settle
from clipmill.topology import RESULTS, Binding, Queue, Topology

_EXPIRES_MS = 600_000
"""Long enough for a broker that is restarted, short enough to leave nothing behind when the command is killed."""

Show = Callable[[JobTree, StepEvent], None]


class Vigil:
    """The trees of the jobs that are waited for, grown from what the queue hears."""

    def __init__(self, job_ids: Iterable[str], show: Show) -> None:
        self.queue = f"wait.{secrets.token_hex(8)}"
        self.trees = {job_id: JobTree(job_id=job_id) for job_id in job_ids}
        self._show = show

    @property
    def topology(self) -> Topology:
        """A queue of its own with the events of all steps: an exchange cannot choose by jobId, so that is done here."""
        return Topology(
            queues=(Queue(name=self.queue, kind="classic", expires_ms=_EXPIRES_MS),),
            bindings=tuple(
                Binding(exchange=RESULTS, queue=self.queue, key=f"{kind}.*") for kind in ("result", "error", "progress")
            ),
        )

    @property
    def is_over(self) -> bool:
        """Whether every job is over."""
        return all(tree.is_over for tree in self.trees.values())

    async def keep(self, session: Session) -> None:
        """Until every job is over. Raises SessionLost; what was not acked comes again on the next session."""
        try:
            async with session.consume(self.queue, prefetch=PREFETCH) as deliveries:
                async for delivery in deliveries:
                    self.take(delivery.body)
                    await settle(session, delivery)
                    if self.is_over:
                        return
        finally:
            # over, or given up by Ctrl-C; after a lost session this does nothing, and the queue is there for the next
            with contextlib.suppress(SessionLost):
                await session.delete(self.queue)

    def take(self, body: bytes) -> None:
        """Grow a tree by the event in `body`, if it is about one of ours."""
        with contextlib.suppress(MalformedMessage):  # what no event of ours is, tells nothing of our jobs
            event = events.read_event(body)
            if isinstance(event, Result | Error | Progress) and event.job_id in self.trees:
                tree = self.trees[event.job_id]
                if tree.take(event):
                    self._show(tree, event)
