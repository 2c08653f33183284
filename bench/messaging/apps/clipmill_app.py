"""clipmill: its worker as a unit runs it, with a handler that does nothing; and jobs published in windows."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence

from bench.messaging import job
from bench.messaging.job import Job
from bench.messaging.sender import Sender
from clipmill import identifiers, settings, settlement, topology, worker
from clipmill.broker import RabbitBroker
from clipmill.messages import Step
from clipmill.outcome import Done, Outcome
from clipmill.reach import unconfined
from clipmill.session import Publication, Session
from clipmill.workspace import Workspace

SERVICE = "bench"
WINDOW = 100


@unconfined
def handle(step: Step, workspace: Workspace) -> Outcome:
    """The handler."""
    job.perform(**step.options)
    return Done()


def publication(one: Job) -> Publication:
    """The job as an admitted step."""
    job_id = identifiers.new_job_id()
    return settlement.to_work(Step(job_id=job_id, id=identifiers.step_id(job_id, SERVICE), options=one.fields))


class _Sender:
    def __init__(self, runner: asyncio.Runner, session: Session) -> None:
        self._runner = runner
        self._session = session

    def send(self, jobs: Sequence[Job]) -> None:
        self._runner.run(self._send(jobs))

    async def _send(self, jobs: Sequence[Job]) -> None:
        waiting = map(publication, jobs)
        while window := list(itertools.islice(waiting, WINDOW)):
            await self._session.publish(*window)


@contextlib.contextmanager
def sender() -> Iterator[Sender]:
    """Windows of a hundred unconfirmed messages."""
    with asyncio.Runner() as runner:
        session = runner.run(open_session())
        yield _Sender(runner, session)
        runner.run(session.close())


async def open_session(environment: Mapping[str, str] | None = None) -> Session:
    """A session on the broker of that environment (or this process's), which has the service's queues then."""
    session = await RabbitBroker(settings.load(environment).broker).open()
    await session.declare(topology.service_topology(SERVICE))
    return session


if __name__ == "__main__":
    worker.main(SERVICE, handler=f"{__spec__.name}:handle")
