"""Keeping watch over jobs, over the in-process broker: only one's own, and until the last of them is over."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from clipmill.events import StepEvent
from clipmill.inprocess import InProcessBroker
from clipmill.job_tree import Ending, JobTree
from clipmill.session import Publication, Session, SessionLost
from clipmill.settlement import to_results
from clipmill.topology import RESULTS, results
from clipmill_cli.correspondence import Correspondence
from clipmill_cli.vigil import Vigil
from clipmill_notifier.notice import Notice, NoticePayload, write_notice
from tests.unit.manager.telling import error, heartbeat, progress, result

pytestmark = pytest.mark.anyio


@pytest.fixture
def broker() -> InProcessBroker:
    return InProcessBroker()


@pytest.fixture
async def session(broker: InProcessBroker) -> AsyncIterator[Session]:
    session = await broker.open()
    await session.declare(results())
    yield session
    await session.close()


async def tell(session: Session, *events: StepEvent) -> None:
    await session.publish(*(to_results(event, event.step_id.split("/")[1]) for event in events))


async def test_it_lasts_until_every_job_is_over_and_sees_only_its_own(
    broker: InProcessBroker, session: Session
) -> None:
    seen: list[StepEvent] = []
    vigil = Vigil(("a", "b"), lambda _, event: seen.append(event))
    await session.declare(vigil.topology)
    kept = asyncio.create_task(vigil.keep(session))
    root = result(2, "a/download/0", "a/cutter/0")
    mine: list[StepEvent] = [progress(1, "a/download/0", 50), root, error(3, "b/download/0", "404")]
    await tell(session, mine[0], result(1, "other/download/0"), *mine[1:])
    await session.publish(Publication(exchange=RESULTS, routing_key="result.download", body=b"no event"))
    await tell(session, root)  # a redelivered step tells again what is known
    await asyncio.wait({kept}, timeout=0.05)
    assert (kept.done(), seen) == (False, mine)
    await tell(session, result(4, "a/cutter/0", parent_id="a/download/0"))
    async with asyncio.timeout(5):
        await kept
    assert vigil.is_over


async def test_signs_of_life_do_not_reach_it(broker: InProcessBroker, session: Session) -> None:
    vigil = Vigil(("a",), lambda *_: None)
    await session.declare(vigil.topology)
    await session.publish(Publication(exchange=RESULTS, routing_key="heartbeat.download", body=b"{}"))
    assert await session.depth(vigil.queue) == 0
    vigil.take(b'{"type":"heartbeat"}')
    assert heartbeat(1).worker_id not in vigil.trees


async def test_what_happens_while_its_session_is_lost_is_heard_on_the_next(broker: InProcessBroker) -> None:
    first, other = await broker.open(), await broker.open()
    await first.declare(results())
    vigil = Vigil(("a",), lambda *_: None)
    await first.declare(vigil.topology)
    kept = asyncio.create_task(vigil.keep(first))
    await tell(first, progress(1, "a/download/0", 50))
    first.lose("cut")
    with pytest.raises(SessionLost):
        await kept
    await tell(other, result(2, "a/download/0"))
    async with asyncio.timeout(5):
        await vigil.keep(other)
    assert vigil.is_over


async def test_it_leaves_no_queue_behind(broker: InProcessBroker, session: Session) -> None:
    vigil = Vigil(("a",), lambda *_: None)
    await session.declare(vigil.topology)
    await tell(session, result(1, "a/download/0"))
    await vigil.keep(session)
    assert vigil.queue not in broker.queues


async def test_nor_when_it_is_given_up(broker: InProcessBroker, session: Session) -> None:
    vigil = Vigil(("a",), lambda *_: None)
    await session.declare(vigil.topology)
    kept = asyncio.create_task(vigil.keep(session))
    await asyncio.wait({kept}, timeout=0.01)
    kept.cancel()
    await asyncio.wait({kept})
    assert vigil.queue not in broker.queues


async def test_whoever_awaits_a_message_too_waits_for_it() -> None:
    shown: list[JobTree] = []
    mail = Correspondence(("a",), lambda tree, _: shown.append(tree))
    event = result(1, "a/download/0")
    mail.take(to_results(event, "download").body)
    assert shown
    before = mail.is_over
    notice = Notice(
        id="a/notice", job_id="a", timestamp=2, payload=NoticePayload(ending=Ending.SUCCEEDED, title="", text="")
    )
    mail.take(write_notice(notice))
    assert (before, mail.is_over) == (False, True)
    assert mail.notices == {"a": notice}
