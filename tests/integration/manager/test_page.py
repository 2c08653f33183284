"""The page over TCP: nothing without a login, what is shown is escaped, and changes are told as they come."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields

from clipmill import messages
from clipmill.inprocess import InProcessBroker
from clipmill.session import Session
from clipmill.settings import Settings
from clipmill_manager.consumer import Manager
from tests.integration.manager.asking import ask_until
from tests.integration.manager.browser import Browser
from tests.integration.manager.conftest import tell, working
from tests.unit.manager.telling import error, heartbeat, progress, result

pytestmark = pytest.mark.anyio

NOW = messages.now() - 60_000
PASSWORD = "open sesame"
PAGES = ("/", "/workers", "/jobs", "/jobs/job1", "/live")


@pytest.fixture
async def page(settings: Settings, broker: InProcessBroker, session: Session) -> AsyncIterator[Manager]:
    """A manager that knows a worker and two jobs."""
    settings = replace(settings, web_password=PASSWORD, web_address="127.0.0.1:0")
    async with working(settings, broker) as manager:
        nasty = error(NOW, "job2/download/0", "<script>alert(1)</script>")
        nasty = with_fields(nasty, payload=with_fields(nasty.payload, link="https://x/?<b>&\"'"))
        await tell(session, heartbeat(NOW + 1, "idle"), progress(NOW, "job1/download/0"))
        await tell(session, result(NOW + 500, "job1/download/0", "job1/cutter/0"), nasty)
        await ask_until(manager.socket, "/api/fleet", lambda fleet: fleet["jobs"]["failed"] and fleet["jobs"]["open"])
        yield manager


@pytest.fixture
def stranger(page: Manager) -> Browser:
    assert page.page_address
    return Browser(page.page_address)


@pytest.fixture
async def reader(stranger: Browser) -> Browser:
    assert (await stranger.log_in(PASSWORD)).status == 303
    return stranger


@pytest.mark.parametrize("path", PAGES)
async def test_without_a_login_there_is_nothing_to_see(stranger: Browser, path: str) -> None:
    seen = await stranger.get(path)
    assert (seen.status, seen.text.strip()) in ((303, ""), (401, "log in first"))
    assert seen.headers.get("location", "/login").startswith("/login")


async def test_a_wrong_password_opens_nothing_and_the_right_one_does(stranger: Browser) -> None:
    seen = await stranger.log_in("open barley")
    assert (seen.status, "That is not the password." in seen.text, stranger.cookie) == (403, True, "")
    seen = await stranger.log_in(PASSWORD)
    assert (seen.status, seen.headers["location"]) == (303, "/")
    for attribute in ("HttpOnly", "SameSite=strict"):
        assert attribute in seen.headers["set-cookie"]
    assert "The fleet of" in (await stranger.get("/")).text


async def test_who_logs_out_is_out_though_the_cookie_was_kept(reader: Browser) -> None:
    kept = reader.cookie
    await reader.post("/logout", {})
    reader.cookie = kept
    assert (await reader.get("/")).status == 303


async def test_a_form_of_another_site_is_refused(reader: Browser) -> None:
    assert (await reader.post("/logout", {}, origin="https://elsewhere.example")).status == 403
    assert (await reader.post("/logout", {}, origin="null")).status == 403
    assert (await reader.post("/logout", {}, origin=None)).status == 403
    assert (await reader.get("/")).status == 200


async def test_programs_may_come_with_the_password_as_a_token(stranger: Browser) -> None:
    assert (await stranger.get("/jobs", Authorization=f"Bearer {PASSWORD}")).status == 200
    assert (await stranger.get("/jobs", Authorization="Bearer wrong")).status == 303


async def test_the_pages_show_workers_jobs_and_a_job(reader: Browser) -> None:
    assert "mill/download@1" in (await reader.get("/workers")).text
    jobs = (await reader.get("/jobs")).text
    assert 'href="/jobs/job1"' in jobs and 'href="/jobs/job2"' in jobs
    failed = (await reader.get("/jobs?state=failed")).text
    assert 'href="/jobs/job1"' not in failed and 'href="/jobs/job2"' in failed
    job = (await reader.get("/jobs/job1")).text
    for word in ("download/0", "cutter/0", "jobs/job1/download/0/0.mp4", "journalctl JOB_ID=job1"):
        assert word in job


async def test_what_comes_from_outside_is_escaped(reader: Browser) -> None:
    for path in ("/", "/jobs", "/jobs/job2"):
        text = (await reader.get(path)).text
        assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text
        assert "<b>&" not in text


async def test_no_script_runs_that_is_not_a_file_of_ours(reader: Browser) -> None:
    for path in (*PAGES[:-1], "/login", "/nothing", "/static/style.css"):
        seen = await reader.get(path)
        assert "script-src 'self';" in seen.headers["content-security-policy"]
        assert "unsafe" not in seen.headers["content-security-policy"]
        assert " style=" not in seen.text and " onclick=" not in seen.text and "http://" not in _tags(seen.text)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/jobs/nobody", 404),
        ("/jobs/" + "x" * 65, 404),
        ("/jobs/..%2F..%2Fetc%2Fpasswd", 404),
        ("/static/..%2Fwords.py", 404),
        ("/static/%2e%2e/words.py", 404),
        ("/jobs?state=purple", 400),
        ("/jobs?sender=" + "x" * 10_000, 400),
        ("/jobs?after=%00", 400),
        ("/nothing", 404),
    ],
)
async def test_bad_input_is_refused_on_a_page(reader: Browser, path: str, status: int) -> None:
    assert (await reader.get(path)).status == status


async def test_the_page_speaks_portuguese_to_who_asks_for_it(reader: Browser) -> None:
    seen = await reader.get("/", **{"Accept-Language": "pt-BR,pt;q=0.9"})
    assert (seen.headers["content-language"], "A frota de" in seen.text) == ("pt-BR", True)


async def test_figures_need_no_login(stranger: Browser) -> None:
    assert "clipmill_jobs_open 1.0" in (await stranger.get("/metrics")).text


async def test_a_change_is_told_to_an_open_page(page: Manager, reader: Browser, session: Session) -> None:
    host, _, port = reader.address.partition(":")
    hearing, asking = await asyncio.open_connection(host, int(port))
    asking.write(f"GET /live HTTP/1.1\r\nHost: {reader.address}\r\nCookie: {reader.cookie}\r\n\r\n".encode())
    async with asyncio.timeout(20):
        await hearing.readuntil(b"\r\n\r\n")
        await tell(session, result(NOW + 900, "job1/cutter/0", parent_id="job1/download/0"))
        await hearing.readuntil(b"event: change\ndata: \n\n")
    asking.close()


async def test_without_a_password_there_is_no_page(settings: Settings, broker: InProcessBroker) -> None:
    async with working(replace(settings, web_address="127.0.0.1:0"), broker) as manager:
        assert manager.page_address is None


async def test_a_port_that_is_taken_stops_nothing_else(
    page: Manager, settings: Settings, broker: InProcessBroker
) -> None:
    other = replace(settings, web_password=PASSWORD, web_address=page.page_address or "", runtime=settings.state / "x")
    other.runtime.mkdir()
    async with working(replace(other, state=other.runtime), broker) as manager:
        assert manager.page_address is None
        await ask_until(manager.socket, "/api/fleet", lambda fleet: fleet["host"])


def _tags(text: str) -> str:
    """What stands within tags, without what a job's link may be."""
    return " ".join(part.partition(">")[0] for part in text.split("<")[1:])
