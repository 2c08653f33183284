"""What yt-dlp is told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clipmill.ffmpeg_tool import FORMATS, GUARDS

log = logging.getLogger(__name__)

STEM = "clipmill_stem"
"""The field of an info_dict that holds the name under which its video is fetched."""

# Sound that comes apart from its picture may have no container around it.
_MERGED = GUARDS | {"format_whitelist": f"{FORMATS},aac,mp3,ac3,eac3,flac,wav"}
_MERGERS = (
    "merger",
    "fixupm3u8",
    "fixupm4a",
    "fixupstretched",
    "fixupduplicatemoov",
    "fixuptimestamp",
    "fixupduration",
)


def options(folder: Path, hooks: list[Callable[[dict[str, Any]], None]]) -> dict[str, Any]:
    """The options for fetching into `folder`."""
    return {
        **_FIXED,
        "logger": _Logger(),
        "paths": {"home": str(folder)},
        "outtmpl": {"default": f"%({STEM})s.%(ext)s"},
        "progress_hooks": hooks,
    }


def _pause(n: int) -> float:
    """Seconds before retry `n` of a request: short ones, for the ladder of rungs waits longer than a worker should."""
    return min(0.25 * 2.0**n, 4.0)


_FIXED = {
    # H.264 up to 1080 lines with AAC goes into mp4, is cut without encoding, and plays on any phone
    "format": "bestvideo*+bestaudio/best",
    "format_sort": ["res:1080", "vcodec:h264", "acodec:aac"],
    "merge_output_format": "mp4/mkv",
    # a link to a video inside a list means the video
    "noplaylist": True,
    # the results of a long list are not kept in memory
    "extract_flat": "discard",
    # an entry that fails is told to Session.trouble, and the list goes on; True would also pass over a failed merge
    "ignoreerrors": "only_download",
    # a video without one of its fragments is a video with a hole
    "skip_unavailable_fragments": False,
    # its own downloaders only: ffmpeg as one would go round the guard (which stops it all the same)
    "external_downloader": {"default": "native"},
    "postprocessor_args": {
        f"{name}+ffmpeg_i": [word for key, value in _MERGED.items() for word in (f"-{key}", value)] for name in _MERGERS
    },
    # the machine's certificates, which its administrator looks after, and not those that came with yt-dlp
    "compat_opts": {"no-certifi"},
    # none of the environment, the home directory or the terminal
    "proxy": "",
    "cachedir": False,
    "color": "never",
    "noprogress": True,
    "js_runtimes": {"quickjs": {}, "deno": {}},
    "socket_timeout": 30,
    "retries": 4,
    "fragment_retries": 3,
    "extractor_retries": 1,
    "retry_sleep_functions": {"http": _pause, "fragment": _pause, "extractor": _pause},
}


class _Logger:
    """Into our log. yt-dlp's warnings are remarks (it falls back on this, ignores that): nobody need do anything."""

    def debug(self, message: str) -> None:
        log.debug("%s", message.strip())

    info = debug

    def warning(self, message: str) -> None:
        log.info("%s", message.strip())

    def error(self, message: str) -> None:
        log.info("%s", message.strip())
