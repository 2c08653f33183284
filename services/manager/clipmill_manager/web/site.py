"""The pages: rendered here, with what the manager knows; nothing can be changed through them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from clipmill import identifiers, messages
from clipmill.pipeline import SERVICES
from clipmill_manager import query
from clipmill_manager.answers import Knowledge
from clipmill_manager.bookkeeper import HistoryUnreadable
from clipmill_manager.figures import CONTENT_TYPE
from clipmill_manager.job_search import STATES, Page, Search
from clipmill_manager.web import amounts
from clipmill_manager.web.guard import COOKIE, HEADERS, Guard, safe_path
from clipmill_manager.web.login import SESSION_SECONDS, Login, TooManyTries
from clipmill_manager.web.news import News
from clipmill_manager.web.pace import pace
from clipmill_manager.web.timeline import timeline
from clipmill_manager.web.words import language_of, translator

_ON_A_PAGE = 50
_ON_THE_OVERVIEW = 10
_PAUSE_SECONDS = 1
_PING_SECONDS = 15
_MOST_LISTENERS = 50
_LONGEST_FORM = 4_000


def site(knowledge: Knowledge, login: Login, news: News) -> Callable[..., Awaitable[None]]:
    """The page as an ASGI application."""
    pages = _Pages(knowledge, login, news)
    routes = [
        Route("/", pages.overview),
        Route("/workers", pages.workers),
        Route("/jobs", pages.jobs),
        Route("/jobs/{job_id}", pages.job),
        Route("/live", pages.live),
        Route("/login", pages.ask),
        Route("/login", pages.enter, methods=["POST"]),
        Route("/logout", pages.leave, methods=["POST"]),
        Route("/metrics", pages.metrics),
        Mount("/static", StaticFiles(directory=Path(str(resources.files(__package__))) / "static")),
    ]
    handlers = {HTTPException: pages.refuse, HistoryUnreadable: pages.apologise}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), login)


class _Pages:
    def __init__(self, knowledge: Knowledge, login: Login, news: News) -> None:
        self._knowledge, self._login, self._news = knowledge, login, news
        self._listeners = 0
        self._templates = Environment(
            loader=PackageLoader("clipmill_manager.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def overview(self, request: Request) -> Response:
        return self._page(
            request,
            "overview",
            fleet=self._knowledge.fleet(),
            alerts=self._knowledge.alerts(),
            queues=self._knowledge.queue_lines(),
            pace=pace(self._knowledge.recent_ends(), messages.now()),
            page=await self._knowledge.search(Search(), _ON_THE_OVERVIEW),
        )

    async def workers(self, request: Request) -> Response:
        return self._page(request, "workers", fleet=self._knowledge.fleet())

    async def jobs(self, request: Request) -> Response:
        given = dict(request.query_params)
        wanted, trouble = _search(given)
        page = await self._knowledge.search(wanted, _ON_A_PAGE) if not trouble else Page(jobs=[], next=None)
        return self._page(
            request,
            "jobs",
            status=HTTPStatus.BAD_REQUEST if trouble else HTTPStatus.OK,
            page=page,
            trouble=trouble,
            states=STATES,
            services=SERVICES,
            given={name: given.get(name, "")[:200] for name in ("state", "service", "sender", "site", "reason")},
            more=f"/jobs?{urlencode(given | {'after': page.next})}" if page.next else None,
        )

    async def job(self, request: Request) -> Response:
        job_id = request.path_params["job_id"]
        view = await self._knowledge.job(job_id) if identifiers.is_job_id(job_id) else None
        if view is None:
            raise HTTPException(404, "no such job is known; one that waits for its first worker is not known yet")
        return self._page(request, "job", view=view, timeline=timeline(view, messages.now()))

    async def live(self, request: Request) -> Response:
        if self._listeners >= _MOST_LISTENERS:
            raise HTTPException(503, "too many pages are open")
        return StreamingResponse(self._changes(), media_type="text/event-stream")

    async def ask(self, request: Request) -> Response:
        return self._form(request, next=safe_path(request.query_params.get("next", "/")))

    async def enter(self, request: Request) -> Response:
        form = parse_qs(await _body(request), max_num_fields=10)
        next_path = safe_path(form.get("next", ["/"])[0])
        try:
            session = self._login.enter(form.get("password", [""])[0])
        except TooManyTries:
            return self._form(request, 429, next=next_path, trouble="Too many tries; wait a minute.")
        if session is None:
            return self._form(request, 403, next=next_path, trouble="That is not the password.")
        answer = RedirectResponse(next_path, HTTPStatus.SEE_OTHER)
        is_https = request.url.scheme == "https"
        answer.set_cookie(COOKIE, session, SESSION_SECONDS, httponly=True, samesite="strict", secure=is_https)
        return answer

    async def leave(self, request: Request) -> Response:
        self._login.leave(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    async def metrics(self, _request: Request) -> Response:
        return Response(self._knowledge.figures(), media_type=CONTENT_TYPE)

    async def refuse(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self._page(request, "trouble", status=error.status_code, said=error.detail)

    async def apologise(self, request: Request, error: Exception) -> Response:
        return self._page(request, "trouble", status=503, said=f"the history cannot be read: {error}")

    async def _changes(self) -> AsyncIterator[str]:
        """One line each time that something has changed, and no more than one a second."""
        self._listeners += 1
        seen = self._news.edition
        try:
            while True:
                try:
                    async with asyncio.timeout(_PING_SECONDS):
                        seen = await self._news.after(seen)
                except TimeoutError:
                    yield ": still here\n\n"
                else:
                    yield "event: change\ndata: \n\n"
                    await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._listeners -= 1

    def _form(self, request: Request, status: int = 200, *, next: str, trouble: str | None = None) -> Response:
        return self._render(request, "login", status, {"next": next, "trouble": trouble})

    def _page(self, request: Request, name: str, *, status: int = 200, **known: Any) -> Response:
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        here = "/" + request.url.path.split("/")[1]
        return self._render(request, name, status, known | {"address": address, "here": here})

    def _render(self, request: Request, name: str, status: int, known: Mapping[str, Any]) -> Response:
        language = language_of(request.headers.get("accept-language", ""))
        template = self._templates.get_template(f"{name}.html")
        text = template.render(known, t=translator(language), language=language, amounts=amounts)
        return HTMLResponse(text, status, headers=HEADERS | {"Content-Language": language, "Vary": "Accept-Language"})


def _search(given: Mapping[str, str]) -> tuple[Search, str | None]:
    try:
        return query.search(given), None
    except query.BadQuery as error:
        return Search(), str(error)


async def _body(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise HTTPException(413, f"more than {_LONGEST_FORM} bytes")
    return body.decode(errors="replace")
