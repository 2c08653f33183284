"""Tries the edition of yt-dlp that is first on the path: `python3 -m clipmill_download.smoke`.

A file, and the page of a site that shows it, have to come home to the byte, by the way that a step goes.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from clipmill import settings
from clipmill.messages import Step
from clipmill.store import Store
from clipmill.workspace import Workspace, open_workspace
from clipmill_download.catch import Catch
from clipmill_download.fetch import fetch

_VIDEO = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 1024
_PAGE = '<html><title>A page</title><body><video src="clip.mp4" type="video/mp4"></video></body></html>'


def main() -> None:
    """Exit with 0 when all is well, with a sentence when not."""
    with tempfile.TemporaryDirectory() as folder, _site(Path(folder)) as address:
        for number, page in enumerate(("clip.mp4", "page.html")):
            link = f"{address}/{page}"
            if mistake := _try(link, _workspace(Path(folder), link, number)):
                sys.exit(f"{page}: {mistake}")


def _try(link: str, workspace: Workspace) -> str | None:
    """What is wrong with what comes home from `link`."""
    match fetch(link, workspace):
        case Catch(files=(file,)) if file.path.read_bytes() == _VIDEO:
            return None
        case other:
            return f"did not come home: {other}"


def _workspace(folder: Path, link: str, number: int) -> Workspace:
    given = settings.load({"STORE": str(folder / "store"), "DISK_RESERVE": "1"})
    store = Store(given.store)
    store.prepare()
    step = Step(job_id=f"smoke{number}", id=f"smoke{number}/download/0", link=link)
    return open_workspace(store, step, given, lambda percent, note: None)


@contextlib.contextmanager
def _site(folder: Path) -> Iterator[str]:
    """A web server that nobody but this machine reaches."""
    (folder / "clip.mp4").write_bytes(_VIDEO)
    (folder / "page.html").write_text(_PAGE)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing is said of what goes well."""


if __name__ == "__main__":
    main()
