"""The guard before the pages: who is not logged in sees the login, and what another site sends is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clipmill_manager.web.login import Login

COOKIE = "clipmill"
HEADERS = {"Cache-Control": "no-store"}
_OPEN = ("/login", "/metrics")
"""Without a login: the login, and the figures (numbers without names, on an address that is the machine's own)."""

_EVERYWHERE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, login: Login) -> None:
        self._app = app
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        answer = self._refusal(request)
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        if request.method not in ("GET", "HEAD") and not _is_own(request):
            return PlainTextResponse("this was sent by another site", 403)
        path = request.url.path
        if path in _OPEN or path.startswith("/static/") or self._may(request):
            return None
        if request.method == "GET" and path != "/live":
            return RedirectResponse(f"/login?next={quote(path)}", 303, HEADERS)
        return PlainTextResponse("log in first", 401)

    def _may(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._login.knows(token.strip())
        return self._login.is_in(request.cookies.get(COOKIE, ""))


def safe_path(text: str) -> str:
    """Where to go after the login: a path of ours, never another site."""
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and len(text) < 2_000
    return text if is_ours else "/"


def _is_own(request: Request) -> bool:
    """Browsers say where a form came from; a request that says nothing comes from no browser, and has no cookie."""
    origin = request.headers.get("origin")
    if origin is None:
        return COOKIE not in request.cookies
    return urlsplit(origin).netloc == request.headers.get("host")


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _EVERYWHERE.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
