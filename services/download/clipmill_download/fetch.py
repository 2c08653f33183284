"""Follows a link with yt-dlp, as a library, and brings home every video behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yt_dlp.extractor.generic
import yt_dlp.globals
from yt_dlp import YoutubeDL
from yt_dlp.extractor import gen_extractor_classes
from yt_dlp.networking import Request, Response
from yt_dlp.networking.exceptions import HTTPError
from yt_dlp.postprocessor import PostProcessor
from yt_dlp.utils import DownloadCancelled

from clipmill.outcome import Reject, Retry
from clipmill.workspace import Workspace
from clipmill_download import guard, names, room
from clipmill_download.about import about
from clipmill_download.catch import Catch, Failure, Fetched
from clipmill_download.options import STEM, options
from clipmill_download.progress import Meter, Status

Info = dict[str, Any]

yt_dlp.globals.plugin_dirs.value = []  # no code from a home directory
# A child that waits has imported what its steps will need: the list of sites (a site itself when a link asks for it).
gen_extractor_classes()


def fetch(link: str, workspace: Workspace) -> Catch | Retry | Reject:
    """Every video behind `link`, in the workspace. An outcome only when there is no point in going on."""
    try:
        with guard.standing(workspace.settings.download_deny_networks), Session(workspace) as session:
            session.extract_info(link)
            return Catch(files=tuple(session.files), failures=tuple(session.failures))
    except _Stopped as stopped:
        return stopped.outcome


class _Stopped(DownloadCancelled):  # type: ignore[misc]  # yt-dlp has no types
    """Ends the whole session: yt-dlp lets this exception, and no other, through."""

    def __init__(self, outcome: Retry | Reject) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class Session(YoutubeDL):  # type: ignore[misc]  # yt-dlp has no types
    """One link's worth of yt-dlp, which remembers what it fetched and what went wrong."""

    def __init__(self, workspace: Workspace) -> None:
        self.files: list[Fetched] = []
        self.failures: list[Failure] = []
        self._workspace = workspace
        self._meter = Meter(workspace.progress)
        self._retry_after: str | None = None
        self._responses: list[Response] = []
        super().__init__(options(workspace.path, [self._watch, self._meter.hook]))
        self.add_post_processor(_Step(self._begin), when="video")
        self.add_post_processor(_Step(self._keep), when="after_move")

    def urlopen(self, req: Request | str) -> Response:
        """Every request goes through here, and here alone is the answer that failed at hand."""
        try:
            return self._remember(super().urlopen(req))
        except HTTPError as error:
            self._retry_after = self._remember(error.response).headers.get("Retry-After")
            raise

    def close(self) -> None:
        """An extractor that has seen enough of a page leaves its connection open."""
        for response in self._responses:
            response.close()
        super().close()

    def trouble(self, message: str | None = None, tb: str | None = None, is_error: bool = True) -> None:
        """Where yt-dlp tells each of its failures, as text: by then the exception is often gone."""
        if is_error and message:
            self.failures.append(Failure(text=message, retry_after=self._retry_after))
            self._retry_after = None
        super().trouble(message, tb, is_error)

    def _remember(self, response: Response) -> Response:
        self._responses = [response, *(other for other in self._responses if not other.closed)]
        return response

    def _begin(self, info: Info) -> None:
        """A video is about to be fetched, in the formats that were chosen."""
        # the page besides the id, which for a plain file is no more than its name: /a/clip.mp4 is not /b/clip.mp4
        info[STEM] = names.stem(*(info.get(key) for key in ("extractor_key", "webpage_url", "id", "format_id")))
        entry, entries = info.get("playlist_index") or 1, info.get("n_entries") or 1
        self._meter.begin(entry=entry, entries=entries, files=len(info.get("requested_formats") or (1,)))

    def _watch(self, status: Status) -> None:
        """Before a file grows, is there room for the rest of it? (`max_filesize` would end in success and no file.)"""
        if status["status"] == "downloading" and (shortage := room.shortage(self._workspace, status)):
            raise _Stopped(shortage)

    def _keep(self, info: Info) -> None:
        """A video is there, merged, under its last name."""
        self.files.append(Fetched(path=Path(info["filepath"]), about=about(info)))


class _Step(PostProcessor):  # type: ignore[misc]  # yt-dlp has no types
    """A function of ours among yt-dlp's post-processors, which it calls at a point of a video's life."""

    def __init__(self, do: Callable[[Info], None]) -> None:
        super().__init__()
        self._do = do

    def run(self, information: Info) -> tuple[list[str], Info]:
        self._do(information)
        return [], information
