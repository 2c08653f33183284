"""The webhook: signed as the specification says, told until the receiver has it, and not twice without need."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from clipmill import settings
from clipmill.inprocess import InProcessBroker
from clipmill.job_tree import Ending
from clipmill.outcome import ToolError
from clipmill.settings import BadSettings
from clipmill_notifier.channels import open_channels
from clipmill_notifier.channels.webhook import Webhook, signed
from clipmill_notifier.notice import Notice, NoticePayload
from tests.unit.notifier.conftest import SECRET, Bench
from tests.unit.notifier.job import whole
from tests.unit.notifier.receiver import Post, receiver

pytestmark = pytest.mark.anyio

KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
NOTICE = Notice(
    id="job/notice", job_id="job", timestamp=1, payload=NoticePayload(ending=Ending.FAILED, title="t", text="t")
)


def test_a_signature_is_that_of_the_specification_s_example() -> None:
    """The example with which the libraries of Standard Webhooks are tested."""
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', KEY, at=1614265330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_receiver_can_check_what_it_gets(bench: Bench) -> None:
    """Path and query as set, JSON with the notice, id and time and a signature over both."""
    with receiver(lambda post: 204) as there:
        bench.start(NOTIFY_WEBHOOK_URL=there.url)
        await bench.tell(*whole("job"))
        post = await asyncio.to_thread(there.post)
        assert post.path == "/hooks?from=clipmill"
        assert post.headers["content-type"] == "application/json"
        assert post.headers["webhook-id"] == "job/notice"
        assert abs(int(post.headers["webhook-timestamp"]) - time.time()) < 60
        assert is_genuine(post)
        told = json.loads(post.body)
        assert (told["type"], told["payload"]["ending"], told["payload"]["from"]) == ("notice", "succeeded", "user123")
        await bench.settled()
        assert there.is_idle()
    assert dict(bench.rows("SELECT channel, state FROM deliveries"))["webhook"] == "sent"


@pytest.mark.parametrize(
    ("status", "state"), [(200, "sent"), (299, "sent"), (302, "due"), (400, "due"), (410, "refused"), (503, "due")]
)
async def test_the_status_decides_whether_it_is_told_tried_again_or_given_up(
    bench: Bench, status: int, state: str
) -> None:
    """2xx: it has it. 410: it wants no more. Anything else, a redirect included: later."""
    with receiver(lambda post: status) as there:
        bench.start(NOTIFY_WEBHOOK_URL=there.url)
        await bench.tell(*whole("job"))
        await asyncio.to_thread(there.post)
        await bench.settled()
    assert bench.rows("SELECT state, tries FROM deliveries WHERE channel = 'webhook'") == [(state, 1)]


@pytest.mark.parametrize("first", [503, None])
async def test_a_second_try_carries_the_same_id(bench: Bench, first: int | None) -> None:
    """The first one failed, or was hung up on; the receiver knows the second by its id."""
    answers = iter([first, 200])
    with receiver(lambda post: next(answers)) as there:
        bench.start(NOTIFY_WEBHOOK_URL=there.url)
        await bench.tell(*whole("job"))
        one = await asyncio.to_thread(there.post)
        await bench.settled()
        await bench.stop()
        bench.write("UPDATE deliveries SET due_at = 0")
        bench.start()
        two = await asyncio.to_thread(there.post)
        await bench.settled()
        assert there.is_idle()
    assert one.headers["webhook-id"] == two.headers["webhook-id"]
    assert one.body == two.body
    assert bench.rows("SELECT state, tries, repeats FROM deliveries WHERE channel = 'webhook'") == [("sent", 2, 0)]


async def test_a_receiver_that_is_down_holds_up_no_other_channel(bench: Bench) -> None:
    """The reply queue is told at once."""
    bench.start(NOTIFY_WEBHOOK_URL="http://127.0.0.1:1/", NOTIFY_REPLY_QUEUE="answers")
    await bench.tell(*whole("job"))
    assert (await bench.notice()).id == "job/notice"
    await bench.settled()
    ((trouble,),) = bench.rows("SELECT trouble FROM deliveries WHERE channel = 'webhook'")
    assert "Connection refused" in trouble


async def test_a_server_that_speaks_no_tls_is_one_that_cannot_be_reached() -> None:
    """Whatever TLS has to say is a reason like any other."""
    session = await InProcessBroker().open()
    with receiver(lambda post: 200) as there:
        webhook = Webhook(urlsplit(there.url.replace("http:", "https:")), KEY)
        with pytest.raises(ToolError, match="cannot be reached") as failure:
            await webhook.deliver(NOTICE, session)
    assert not failure.value.permanent


async def test_a_session_that_is_cut_during_a_post_lets_nobody_be_told_twice(bench: Bench) -> None:
    """The post goes on to its end and is recorded, then the session is left."""
    go_on = threading.Event()

    def answer(post: Post) -> int:
        go_on.wait(20)
        return 200

    with receiver(answer) as there:
        bench.start(NOTIFY_WEBHOOK_URL=there.url)
        await bench.tell(*whole("job"))
        await asyncio.to_thread(there.post)
        bench.broker.cut()
        go_on.set()
        await bench.until(lambda: ("sent",) in bench.rows("SELECT state FROM deliveries WHERE channel = 'webhook'"))
        await bench.until(lambda: bench.broker.sessions)
        assert there.is_idle()
    assert bench.rows("SELECT repeats FROM deliveries WHERE channel = 'webhook'") == [(0,)]


async def test_a_notifier_that_is_told_to_stop_during_a_post_waits_for_its_end(bench: Bench) -> None:
    """What was begun is recorded before the process ends."""
    go_on = threading.Event()

    def answer(post: Post) -> int:
        go_on.wait(20)
        return 200

    with receiver(answer) as there:
        bench.start(NOTIFY_WEBHOOK_URL=there.url)
        await bench.tell(*whole("job"))
        await asyncio.to_thread(there.post)
        stopping = asyncio.create_task(bench.stop())
        await asyncio.sleep(0)
        go_on.set()
        await stopping
    assert bench.rows("SELECT state, repeats FROM deliveries WHERE channel = 'webhook'") == [("sent", 0)]


async def test_a_server_that_drips_is_left_after_the_time_limit() -> None:
    """It sends a byte now and then, so that no single read takes long: the whole exchange is limited."""
    hung_up = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"H")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await reader.read(1 << 16)
        writer.close()
        hung_up.set()

    session = await InProcessBroker().open()
    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        webhook = Webhook(urlsplit(f"http://127.0.0.1:{port}/"), KEY, seconds=0.5)
        with pytest.raises(ToolError, match=r"no answer within 0\.5 s"):
            await webhook.deliver(NOTICE, session)
        await hung_up.wait()


def test_every_mistake_in_the_settings_is_told_at_once(tmp_path: Path) -> None:
    """A reply queue of ours, and a webhook without a secret."""
    chosen = settings.load({"NOTIFY_REPLY_QUEUE": "download_queue", "NOTIFY_WEBHOOK_URL": "https://example.org/hook"})
    with pytest.raises(BadSettings) as refusal:
        open_channels(chosen)
    assert [mistake.split(":")[0] for mistake in refusal.value.mistakes] == [
        "NOTIFY_REPLY_QUEUE=download_queue",
        "the credential webhook-secret is missing, or no secret",
    ]


@pytest.mark.parametrize("url", ["http://", "http:///path", "http://host:99999/", "https://user@host/"])
def test_an_address_that_nothing_can_be_posted_to_is_refused_at_start(tmp_path: Path, url: str) -> None:
    """Before the first notice is lost on it."""
    (tmp_path / "webhook-secret").write_text(SECRET)
    chosen = settings.load({"NOTIFY_WEBHOOK_URL": url, "CREDENTIALS_DIRECTORY": str(tmp_path)})
    with pytest.raises(BadSettings, match="NOTIFY_WEBHOOK_URL"):
        open_channels(chosen)


def is_genuine(post: Post) -> bool:
    """What a receiver does to check a signature."""
    content = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode() + post.body
    expected = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(post.headers["webhook-signature"], f"v1,{expected}")
