"""A very small browser: it asks the page over TCP, keeps its cookie, and looks at what came."""

import asyncio
import http.client
from urllib.parse import urlencode


class Seen:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.text = response.read().decode()


class Browser:
    """Somebody who looks at the page at HOST:PORT."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookie = ""

    async def get(self, path: str, **headers: str) -> Seen:
        """In a thread, since the manager answers in this one's loop."""
        return await asyncio.to_thread(self._ask, "GET", path, None, headers)

    async def post(self, path: str, form: dict[str, str], *, origin: str | None = "") -> Seen:
        """Send a form as a page of ours does, or with another `origin`; None: none."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if origin is not None:
            headers["Origin"] = origin or f"http://{self.address}"
        return await asyncio.to_thread(self._ask, "POST", path, urlencode(form), headers)

    async def log_in(self, password: str) -> Seen:
        """Send the login form."""
        return await self.post("/login", {"password": password, "next": "/"})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Seen:
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request(method, path, body, headers | ({"Cookie": self.cookie} if self.cookie else {}))
            seen = Seen(connection.getresponse())
        finally:
            connection.close()
        if cookie := seen.headers.get("set-cookie"):
            self.cookie = cookie.partition(";")[0]
        return seen
