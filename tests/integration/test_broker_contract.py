"""One contract for every broker: what clipmill relies on, seen on the in-process one and on RabbitMQ 3.10 and 4.0."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from clipmill import settings
from clipmill.broker import RabbitBroker
from clipmill.inprocess import InProcessBroker
from clipmill.session import (
    Broker,
    BrokerRefused,
    BrokerUnreachable,
    Publication,
    PublishRefused,
    Session,
    SessionLost,
)
from clipmill.topology import Binding, Queue, Topology
from tests.rig.broker import RELEASE_OF
from tests.rig.broker import Broker as RabbitContainer

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["in-process", *RELEASE_OF])
def broker(request: pytest.FixtureRequest, rabbitmqs: Callable[[str], RabbitContainer]) -> Broker:
    """Every broker in turn; a RabbitMQ with a fresh vhost."""
    if request.param == "in-process":
        return InProcessBroker()
    return RabbitBroker(settings.load({"BROKER_URL": rabbitmqs(request.param).new_vhost()}).broker)


@pytest.fixture
async def session(broker: Broker) -> AsyncIterator[Session]:
    """A session on which the small topology of this suite is declared."""
    session = await broker.open()
    await session.declare(TOPOLOGY)
    yield session
    await session.close()


TOPOLOGY = Topology(
    exchanges={"work": "direct", "news": "topic", "later": "fanout"},
    queues=(
        Queue(name="steps", dead_letter_to="dead", delivery_limit=2),
        Queue(name="dead"),
        Queue(name="news-all"),
        Queue(name="later", dead_letter_exchange="work", ttl_ms=200),
        Queue(name="bounded", max_length=3, kind="classic"),
    ),
    bindings=(
        Binding(exchange="work", queue="steps", key="cutter"),
        Binding(exchange="news", queue="news-all", key="result.*"),
        Binding(exchange="later", queue="later"),
    ),
)


EXPIRES_MS = 500
LISTENING = Topology(
    queues=(Queue(name="wait.someone", kind="classic", expires_ms=EXPIRES_MS),),
    bindings=(Binding(exchange="news", queue="wait.someone", key="result.*"),),
)


def to(queue: str, body: bytes = b"{}", **more: str) -> Publication:
    """A publication straight to a queue."""
    return Publication(exchange="", routing_key=queue, body=body, **more)  # type: ignore[arg-type]


async def take_one(session: Session, queue: str) -> bytes:
    """The body of the next message of `queue`, acked."""
    async with asyncio.timeout(10), session.consume(queue, prefetch=1) as deliveries:
        async for delivery in deliveries:
            session.ack(delivery)
            return delivery.body
    raise AssertionError("unreachable")


async def eventually(holds: Callable[[], object], seconds: float = 10) -> None:
    """Poll until `holds()`; the brokers tell nobody when a queue's depth changes."""
    async with asyncio.timeout(seconds):
        while not await holds():  # type: ignore[misc]
            await asyncio.sleep(0.02)


async def test_a_message_arrives_as_it_was_published(session: Session) -> None:
    """Body, message id, reply-to and headers pass unchanged; a large number comes as a plain one."""
    headers: dict[str, str | int | bool] = {"why": "x", "when": 1_800_000_000_000}
    await session.publish(
        Publication(
            exchange="work", routing_key="cutter", body=b'{"a":1}', message_id="m1", reply_to="r", headers=headers
        )
    )
    async with session.consume("steps", prefetch=1) as deliveries:
        delivery = await anext(aiter(deliveries))
    assert (delivery.body, delivery.message_id, delivery.reply_to) == (b'{"a":1}', "m1", "r")
    assert (delivery.headers["why"], delivery.headers["when"]) == ("x", 1_800_000_000_000)
    assert type(delivery.headers["when"]) is int
    assert not delivery.redelivered


async def test_publishing_to_no_queue_is_refused(session: Session) -> None:
    """A confirmation alone would look like success (mandatory)."""
    with pytest.raises(PublishRefused, match="nowhere"):
        await session.publish(to("steps"), to("nowhere"), to("steps"))
    await eventually(lambda: has_depth(session, "steps", 2))


async def has_depth(session: Session, queue: str, depth: int) -> bool:
    """Whether `depth` messages wait in `queue`."""
    return await session.depth(queue) == depth


async def test_many_publications_are_confirmed_in_one_window(session: Session) -> None:
    """Hundreds in flight at once, none lost."""
    await session.publish(*(to("dead", str(n).encode()) for n in range(500)))
    await eventually(lambda: has_depth(session, "dead", 500))


async def test_no_more_than_prefetch_are_handed_over(session: Session) -> None:
    """The second waits for the first one's ack."""
    await session.publish(to("steps", b"1"), to("steps", b"2"))
    async with session.consume("steps", prefetch=1) as deliveries:
        first = await anext(aiter(deliveries))
        await session.publish(to("dead"))  # a round trip: what would have come has come
        assert deliveries.waiting() == []
        session.ack(first)
        async with asyncio.timeout(5):
            assert (await anext(aiter(deliveries))).body == b"2"


async def test_what_is_not_acked_comes_again_after_the_session(broker: Broker, session: Session) -> None:
    """Doing nothing gives a delivery back."""
    await session.publish(to("steps", b"again"))
    other = await broker.open()
    async with other.consume("steps", prefetch=1) as deliveries:
        await anext(aiter(deliveries))
    await other.close()
    async with asyncio.timeout(10), session.consume("steps", prefetch=1) as deliveries:
        delivery = await anext(aiter(deliveries))
        assert delivery.body == b"again"
        assert delivery.redelivered


async def test_after_its_delivery_limit_a_message_is_dead_lettered(broker: Broker, session: Session) -> None:
    """A limit of 2 means three deliveries."""
    await session.publish(to("steps", b"poison"))
    for _ in range(3):
        victim = await broker.open()
        async with asyncio.timeout(10), victim.consume("steps", prefetch=1) as deliveries:
            await anext(aiter(deliveries))
        await victim.close()
    assert await take_one(session, "dead") == b"poison"


async def test_a_rung_gives_back_under_the_routing_key_it_got(session: Session) -> None:
    """Through its own fanout exchange; the time is the queue's."""
    await session.publish(Publication(exchange="later", routing_key="cutter", body=b"retry"))
    assert await take_one(session, "steps") == b"retry"


async def test_topics_select_by_pattern(session: Session) -> None:
    """`result.*` takes results of every service and nothing else."""
    await session.publish(Publication(exchange="news", routing_key="result.cutter", body=b"yes"))
    with pytest.raises(PublishRefused):
        await session.publish(Publication(exchange="news", routing_key="progress.cutter", body=b"no"))
    assert await take_one(session, "news-all") == b"yes"


async def test_a_bounded_queue_drops_its_oldest(session: Session) -> None:
    """Signs of life never fill the broker."""
    for number in range(5):
        session.post(to("bounded", str(number).encode()))
    await session.publish(to("dead"))
    await eventually(lambda: has_depth(session, "bounded", 3))
    assert await take_one(session, "bounded") == b"2"


async def test_an_ack_on_another_session_is_an_error(broker: Broker, session: Session) -> None:
    """A delivery is settled where it was handed over, or not at all."""
    await session.publish(to("steps"))
    other = await broker.open()
    async with other.consume("steps", prefetch=1) as deliveries:
        delivery = await anext(aiter(deliveries))
    await other.close()
    with pytest.raises(SessionLost):
        session.ack(delivery)


async def test_everything_on_a_closed_session_says_so(broker: Broker) -> None:
    """Publishing, acking and consuming raise SessionLost; the reason can be awaited."""
    session = await broker.open()
    await session.declare(TOPOLOGY)
    await session.close()
    assert await session.closed()
    with pytest.raises(SessionLost):
        await session.publish(to("steps"))
    with pytest.raises(SessionLost):
        async with session.consume("steps", prefetch=1):
            pass
    session.post(to("steps"))


async def test_iterating_ends_with_the_session(broker: Broker) -> None:
    """A consumer that waits is told, not left hanging."""
    session = await broker.open()
    await session.declare(TOPOLOGY)
    async with session.consume("steps", prefetch=1) as deliveries:
        waiting = asyncio.ensure_future(anext(aiter(deliveries)))
        await session.close()
        with pytest.raises(SessionLost):
            await waiting


async def test_a_stopped_consumer_ends_quietly(session: Session) -> None:
    """stop() ends the iteration without an error; the session goes on."""
    async with session.consume("steps", prefetch=1) as deliveries:
        await deliveries.stop()
        assert [delivery async for delivery in deliveries] == []
    await session.publish(to("steps"))


async def test_consuming_from_a_missing_queue_ends_the_session(broker: Broker) -> None:
    """404 closes the channel: noticed at once."""
    session = await broker.open()
    with pytest.raises(SessionLost):
        async with session.consume("no-such-queue", prefetch=1):
            pass
    assert await session.closed()
    await session.close()


async def test_a_queue_that_expires_is_gone_a_while_after_its_last_consumer(broker: Broker, session: Session) -> None:
    """Whoever listens for a while leaves nothing behind, and loses nothing while it reconnects."""
    await session.declare(LISTENING)
    other = await broker.open()
    async with other.consume("wait.someone", prefetch=1):
        await asyncio.sleep(2 * EXPIRES_MS / 1000)  # longer than it may stand unused
        await session.publish(Publication(exchange="news", routing_key="result.cutter", body=b"heard"))
    await other.close()
    await session.declare(LISTENING)
    assert await take_one(session, "wait.someone") == b"heard"
    await eventually(lambda: is_missing(broker, "wait.someone"))


async def is_missing(broker: Broker, queue: str) -> bool:
    """Whether there is no such queue: publishing to it is refused (asking for its depth would cost the session)."""
    session = await broker.open()
    try:
        await session.publish(to(queue))
    except PublishRefused:
        return True
    else:
        return False
    finally:
        await session.close()


async def test_a_deleted_queue_is_gone_with_its_bindings(broker: Broker, session: Session) -> None:
    """Deleting it again is no error."""
    await session.declare(LISTENING)
    await session.delete("wait.someone")
    await session.delete("wait.someone")
    assert await is_missing(broker, "wait.someone")
    await session.publish(Publication(exchange="news", routing_key="result.cutter", body=b"for the others"))
    assert await take_one(session, "news-all") == b"for the others"


async def test_a_consumer_whose_queue_is_deleted_is_told(broker: Broker, session: Session) -> None:
    """It must not wait for ever."""
    await session.declare(LISTENING)
    other = await broker.open()
    async with other.consume("wait.someone", prefetch=1) as deliveries:
        waiting = asyncio.ensure_future(anext(aiter(deliveries)))
        await session.delete("wait.someone")
        async with asyncio.timeout(10):
            with pytest.raises(SessionLost):
                await waiting
    await other.close()


async def test_declaring_twice_changes_nothing(session: Session) -> None:
    """Every worker declares everything at each start."""
    await session.publish(to("dead", b"kept"))
    await session.declare(TOPOLOGY)
    assert await take_one(session, "dead") == b"kept"


async def test_a_queue_that_stands_otherwise_is_kept(broker: Broker, session: Session) -> None:
    """406 is no loop and no crash."""
    await session.publish(to("dead", b"kept"))
    await session.declare(Topology(queues=(Queue(name="dead", max_length=7),)))
    assert await take_one(session, "dead") == b"kept"


async def test_a_broker_that_is_short_of_memory_blocks_its_publishers(
    broker: Broker, session: Session, rabbitmqs: Callable[[str], RabbitContainer]
) -> None:
    """connection.blocked is noticed, and its end too; what was published meanwhile is confirmed then."""
    container = rabbitmqs(".".join(session.version.split(".")[:2])) if isinstance(broker, RabbitBroker) else None
    assert not session.flow.blocked.is_set()
    if container:
        container.ctl("set_vm_memory_high_watermark", "absolute", "1")
    else:
        broker.flow.block("low on memory")  # type: ignore[attr-defined]
    publishing = asyncio.ensure_future(session.publish(to("dead", b"late")))
    async with asyncio.timeout(20):
        await session.flow.blocked.wait()
    assert "memory" in str(session.flow.reason)
    assert not publishing.done()
    if container:
        container.ctl("set_vm_memory_high_watermark", "0.4")
    else:
        broker.flow.resume()  # type: ignore[attr-defined]
    async with asyncio.timeout(20):
        await session.flow.open.wait()
        await publishing


@pytest.mark.parametrize("version", list(RELEASE_OF))
async def test_why_there_is_no_session_is_said_in_words(
    version: str, rabbitmqs: Callable[[str], RabbitContainer]
) -> None:
    """Nothing listens; wrong password; no such vhost: what `systemctl status` shows must be enough to act on."""
    container = rabbitmqs(version)
    with pytest.raises(BrokerUnreachable, match=r"^refused$"):
        await RabbitBroker(settings.load({"BROKER_URL": "amqp://localhost:1/x"}).broker).open()
    wrong = container.url.replace("guest:guest", "guest:wrong")
    with pytest.raises(BrokerRefused, match="ACCESS_REFUSED - Login was refused"):
        await RabbitBroker(settings.load({"BROKER_URL": wrong}).broker).open()
    with pytest.raises(BrokerRefused, match="no-such-vhost"):
        await RabbitBroker(settings.load({"BROKER_URL": f"{container.url}no-such-vhost"}).broker).open()
