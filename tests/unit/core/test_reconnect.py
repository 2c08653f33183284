"""Getting a session back."""

import asyncio

import pytest

from clipmill.critical import CriticalError
from clipmill.inprocess import InProcessBroker
from clipmill.reconnect import connect, delay_after, keep_session
from clipmill.session import BrokerRefused, Session

pytestmark = pytest.mark.anyio


class Refusing(InProcessBroker):
    """A broker whose first handshakes fail, as one that is still starting."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def open(self):  # type: ignore[no-untyped-def]
        """Refuse as often as told."""
        if self.failures:
            self.failures -= 1
            raise BrokerRefused("no such user")
        return await super().open()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were to be slept; nobody waits four minutes for a test."""
    asked: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await real(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return asked


def test_the_delay_between_handshakes_doubles_up_to_a_minute() -> None:
    """2^n seconds."""
    assert [delay_after(n) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_stopped_broker_is_waited_for_and_the_waiting_is_said() -> None:
    """With the reason and what happens next."""
    broker, said = InProcessBroker(), list[str]()
    broker.stop()
    task = asyncio.create_task(connect(broker, said.append))
    while not said:
        await asyncio.sleep(0)
    assert "waiting for broker in-process: stopped" in said[0]
    broker.start()
    assert await asyncio.wait_for(task, 5)


async def test_a_failed_handshake_is_tried_again_after_its_delay() -> None:
    """And says when."""
    said: list[str] = []
    await connect(Refusing(1), said.append)
    assert said == ["waiting for broker in-process: no such user, next try in 1 s"]


async def test_sessions_are_served_one_after_the_other_until_told_to_stop() -> None:
    """A lost one is followed by the next."""
    broker, stop, served = InProcessBroker(), asyncio.Event(), list[Session]()

    async def serve(session: Session) -> None:
        served.append(session)
        if len(served) == 3:
            stop.set()
            return
        broker.cut()
        await session.publish()

    said: list[str] = []
    await asyncio.wait_for(keep_session(broker, stop, serve=serve, waiting=said.append), 5)
    assert len(set(map(id, served))) == 3
    assert said == ["lost broker in-process: connection cut"] * 2


async def test_ten_failed_handshakes_are_critical_but_never_while_a_step_is_at_work(
    hurried: list[float],
) -> None:
    """A fresh process is the remedy then; a step that is worked on is worth more."""
    with pytest.raises(CriticalError, match="10 handshakes"):
        await connect(Refusing(100), lambda _: None)
    assert sum(hurried) == 1 + 2 + 4 + 8 + 16 + 32 + 60 * 3
    assert await connect(Refusing(15), lambda _: None, busy=lambda: True)
