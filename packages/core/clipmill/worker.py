"""The worker: takes the steps of one service, one at a time, and settles them. One asyncio loop, one child."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from clipmill import admission, dead_letter, log, messages, process, reconnect, topology
from clipmill.beside import beside, first_of, unless
from clipmill.broker import RabbitBroker
from clipmill.cancellation import CancellationConsumer
from clipmill.child import Child
from clipmill.child_wire import Report
from clipmill.dead_letter import Failure
from clipmill.dead_letter_consumer import DeadLetterConsumer
from clipmill.fuse import CRASHES, Fuse
from clipmill.messages import MalformedMessage, Step
from clipmill.outcome import Cancelled, Done, Outcome, Reject, Retry
from clipmill.session import Broker, Deliveries, Delivery, Publication, Session
from clipmill.settings import Settings
from clipmill.settlement import Settlement, settle, to_work
from clipmill.store import Store
from clipmill.systemd import Supervisor
from clipmill.vital_signs import HEARTBEAT_SECONDS, Stopwatch, VitalSigns
from clipmill.worker_status import WorkerStatus

_log = logging.getLogger(__name__)

_PROGRAMS = ("ffmpeg", "ffprobe")
_ROOM_SECONDS = 5


def main(service: str, *, handler: str) -> None:
    """Run a worker of `service` whose handler is `module:function`, as systemd starts it: with its instance number."""
    unit = process.unit_name(service)

    def make(settings: Settings) -> Worker:
        broker = RabbitBroker(settings.broker, client=unit)
        return Worker(service, unit, handler=handler, broker=broker, settings=settings, supervisor=Supervisor())

    process.run(unit, make, programs=_PROGRAMS, writes_store=True)


@dataclass(frozen=True)
class _Attempt:
    """The attempt at hand. It outlives the session that brought its step."""

    step: Step
    outcome: asyncio.Task[Outcome]


class Worker:
    """One unit instance: one step at a time, from its delivery to its settlement."""

    def __init__(
        self, service: str, unit: str, *, handler: str, broker: Broker, settings: Settings, supervisor: Supervisor
    ) -> None:
        self.service = service
        self.unit = unit
        self._settings = settings
        self._broker = broker
        self._supervisor = supervisor
        self._store = Store(settings.store)
        self._fuse = Fuse(settings.store / "workers", unit)
        self._child = Child(handler, settings, unit)
        worker = f"{settings.host}/{unit}"
        self._topology = topology.service_topology(service) | topology.ear(worker)
        self._settlement = Settlement(worker=worker)
        self._cancellations = CancellationConsumer(worker, self._store, self._cancel)
        self._dead_letters = DeadLetterConsumer(service, self._store, self._settlement)
        self.signs = VitalSigns(worker=worker, service=service, host=settings.host, child_pid=lambda: self._child.pid)
        self._session: Session | None = None
        self._attempt: _Attempt | None = None
        self._draining = asyncio.Event()

    # its life

    def drain(self) -> None:
        """Take no more, finish the step at hand, and return from `run`."""
        _log.info("draining")
        self._supervisor.stopping()
        self._draining.set()

    async def run(self) -> None:
        """Until drained. The step at hand has DRAIN_TIMEOUT seconds then; else it is given back by doing nothing."""
        self._store.prepare()
        if crashed := self._fuse.inspect():
            _log.error("the last process of this worker ended in step %s", crashed)
        async with self._child, beside(self._supervisor.keep_watchdog()):
            working = asyncio.ensure_future(
                reconnect.keep_session(
                    self._broker, self._draining, serve=self._serve, waiting=self._wait_for, busy=self._is_busy
                )
            )
            await asyncio.wait({working, asyncio.ensure_future(self._draining.wait())}, return_when="FIRST_COMPLETED")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.drain_timeout if self._draining.is_set() else None):
                    await working
            await self._let_go()

    async def _serve(self, session: Session) -> None:
        """One session: steps, dead letters and signs of life, until it is lost or the worker is drained."""
        await session.declare(self._topology)
        self._session = session
        self._become(WorkerStatus.RUNNING, "connected")
        async with asyncio.TaskGroup() as tasks:
            works = (self._dead_letters.run, self._cancellations.run, self.signs.beat)
            others = [tasks.create_task(work(session)) for work in works]
            await self._take_steps(session)
            for task in others:
                task.cancel()

    async def _let_go(self) -> None:
        if self._attempt and self._is_busy():
            _log.warning("the drain took too long: the step at hand is given back and resumes from its files")
            self._attempt.outcome.cancel()
            await asyncio.wait({self._attempt.outcome})
            self._fuse.remove()

    # taking steps

    async def _take_steps(self, session: Session) -> None:
        while not self._draining.is_set():
            await unless(self._draining, self._until_able(session))
            work_queue = topology.work_queue(self.service)
            async with session.consume(work_queue, prefetch=1) as steps, beside(self._stop_taking(session, steps)):
                self._idle()
                async for delivery in steps:
                    await self._work(session, delivery)
                    self._idle()

    async def _stop_taking(self, session: Session, steps: Deliveries) -> None:
        """End the taking when told to drain, or when something is in the way: a step is taken if it can start."""
        await first_of(self._draining.wait(), session.flow.blocked.wait(), self._until_disk_is_short())
        await steps.stop()

    async def _work(self, session: Session, delivery: Delivery) -> None:
        """The way of one delivery: received, worked or answered, settled."""
        match self._receive(delivery):
            case Publication() as follows:
                await self._settle(session, delivery, follows)
            case Step() as step:
                with log.about(step):
                    outcome = await self._outcome(step)
                    await self._settle(session, delivery, *self._settlement.after(step, outcome))
                    self._forget()
                    await self._child.refresh()

    def _receive(self, delivery: Delivery) -> Step | Publication:
        """The step of a delivery; or what follows instead: the same message admitted, or a dead letter."""
        try:
            fields = messages.read_object(delivery.body)
            if admission.is_admitted(fields):
                return admission.read(fields, self.service)
            step = admission.admit(fields, delivery, self.service)
        except MalformedMessage as error:
            return self._malformed(delivery, error)
        with log.about(step):
            _log.info("admitted: %s", step.link or step.file_path)
        return to_work(step)

    async def _outcome(self, step: Step) -> Outcome:
        """The outcome of `step`: of the attempt at hand, from its manifest, or of a new attempt.

        An attempt whose delivery was lost with its session goes on; the redelivery of its step takes that delivery's
        place. Another step that comes meanwhile waits: the worker does one at a time.
        """
        if self._attempt and self._attempt.step.id != step.id:
            await asyncio.wait({self._attempt.outcome})
            self._attempt = None
        if not self._attempt:
            done = self._store.done(step)
            if done:
                _log.info("answered from its manifest, without working again")
                return done
            self._attempt = _Attempt(step, asyncio.ensure_future(self._begin(step)))
        self._become(WorkerStatus.PROCESSING, f"job {step.job_id}: {step.service} {step.index}, attempt {step.attempt}")
        return await asyncio.shield(self._attempt.outcome)

    async def _begin(self, step: Step) -> Outcome:
        """One attempt in the child, counted and told."""
        if self._store.is_cancelled(step.job_id):
            return Cancelled()
        if self._fuse.has_blown(step.id):
            return Reject(f"it has crashed its worker {CRASHES} times", "crash")
        self._fuse.light(step.id)
        _log.info("attempt %d begins: %s", step.attempt, step.file_path or step.link)
        self.signs.step, watch = step, Stopwatch()
        self._tell(step, Report(0))
        outcome = await self._child.attempt(step, lambda report: self._tell(step, report))
        if isinstance(outcome, Retry) and self._store.is_cancelled(step.job_id):
            outcome = Cancelled()
        self.signs.tally.count(outcome, watch.seconds)
        if isinstance(outcome, Done):
            self._fuse.forgive(step.id)
        _log_outcome(outcome, watch.seconds)
        return outcome

    async def _cancel(self, job_id: str) -> None:
        """End the attempt at hand if it is for this job: the child's end becomes the outcome `Cancelled`."""
        if self._attempt and self._attempt.step.job_id == job_id:
            await self._child.bury()

    async def _settle(self, session: Session, delivery: Delivery, *follows: Publication) -> None:
        await settle(session, delivery, *follows, waiting=self._wait_for)

    def _malformed(self, delivery: Delivery, error: MalformedMessage) -> Publication:
        _log.warning("a message cannot be read: %s", error)
        failure = Failure(reason=str(error), cause="malformed", permanent=True)
        queue = topology.dead_letter_queue(self.service)
        return dead_letter.write(delivery.body, failure, queue=queue, message_id=delivery.message_id)

    def _forget(self) -> None:
        """The step is settled."""
        self._fuse.remove()
        self._attempt = self.signs.step = None
        self.signs.last_activity = messages.now()

    # waiting for what it needs

    async def _until_able(self, session: Session) -> None:
        """Wait for what a step needs: a disk with room (it is looked at: nothing tells), a broker that takes."""
        while not self._has_room():
            reserve, free = self._settings.disk_reserve >> 20, self._store.free_bytes() >> 20
            self._wait_for(f"waiting for room on the disk of {self._store.root}: {free} MiB free, {reserve} MiB needed")
            await asyncio.sleep(_ROOM_SECONDS)
        if session.flow.reason:
            self._wait_for(f"waiting for broker {self._broker.name}: {session.flow.reason}")
            await session.flow.open.wait()

    async def _until_disk_is_short(self) -> None:
        while self._has_room():
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _has_room(self) -> bool:
        return self._store.free_bytes() >= self._settings.disk_reserve

    def _wait_for(self, what: str) -> None:
        """Alive and unable to work: said in `systemctl status`, in the journal and in the next heartbeat."""
        self._become(WorkerStatus.ERROR, what)
        _log.warning("%s", what)
        # no start, boot or apt ever blocks on a broker
        self._supervisor.ready()

    # telling how it is

    def _is_busy(self) -> bool:
        return self._attempt is not None and not self._attempt.outcome.done()

    def _idle(self) -> None:
        if self._attempt and self._is_busy():
            step = self._attempt.step
            self._become(WorkerStatus.PROCESSING, f"job {step.job_id}: {step.service} {step.index}, reconnected")
        else:
            self._become(WorkerStatus.IDLE, f"idle: waiting for steps on {topology.work_queue(self.service)}")
        self._supervisor.ready()

    def _become(self, status: WorkerStatus, note: str) -> None:
        self.signs.become(status, note)
        self._supervisor.status(note)

    def _tell(self, step: Step, report: Report) -> None:
        """Progress, to whoever looks on: the page, `--wait`, `systemctl status`."""
        where = f"job {step.job_id}: {step.service} {step.index}, attempt {step.attempt}, {report.percent:.0f} %"
        self._supervisor.status(f"{where} {report.note}".rstrip())
        if self._session:
            self._session.post(self.signs.progress(step, report))


def _log_outcome(outcome: Outcome, seconds: float) -> None:
    if isinstance(outcome, Done):
        _log.info("done in %.1f s: %d artifacts", seconds, len(outcome.artifacts))
    else:
        _log.warning("%s after %.1f s: %s", type(outcome).__name__.lower(), seconds, outcome.reason)
