"""Keeps yt-dlp fresh: `python3 -m clipmill_download.update`, as ytdlp-update.timer starts it each day.

A newer edition is installed beside the one in use, tried, and only then taken. Sites change weekly; a package does not.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from clipmill import log, settings, tools
from clipmill.outcome import ToolError
from clipmill.settings import BAD_SETTINGS, BadSettings
from clipmill_download.editions import Editions, age, in_folder, packaged

_log = logging.getLogger(__name__)

_INSTALL_SECONDS = 600
_SMOKE_SECONDS = 120

# pip compares the hash of each file with the one that the index tells. Wheels only: what is built runs code.
_PIP = ("pip", "install", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--quiet")
_WHAT = ("--only-binary", ":all:", "--upgrade", "yt-dlp[default]")


def main() -> None:
    """Look once. Exits with 1 when there is a newer edition that cannot be used."""
    try:
        given = settings.load(service="download")
    except BadSettings as error:
        sys.stderr.write(f"ytdlp-update cannot start:\n{error}\n")
        sys.exit(BAD_SETTINGS)
    log.setup(given.log_level, worker="ytdlp-update")
    if not given.ytdlp_update:
        _log.info("YTDLP_UPDATE=no: the package's own yt-dlp %s is used", packaged())
        return
    editions = Editions(given.ytdlp_editions)
    try:
        refresh(editions)
    except ToolError as error:
        _log.error("yt-dlp %s stays in use: %s", editions.version, error)  # pip's stack says nothing
        sys.exit(1)


def refresh(editions: Editions) -> None:
    """Go back from an edition that does not work any more, go on to one that is newer and does. Raises ToolError."""
    _check_current(editions)
    with editions.candidate() as candidate:
        python(candidate, *_PIP, "--target", str(candidate), *_WHAT, timeout=_INSTALL_SECONDS)
        found = in_folder(candidate)
        if age(found) <= age(editions.version):
            _log.info("yt-dlp %s is the newest", editions.version)
            return
        python(candidate, "clipmill_download.smoke", timeout=_SMOKE_SECONDS)
        before = editions.version
        editions.adopt(candidate)
    _log.info("yt-dlp %s takes the place of %s, from each worker's next child on", found, before)


def python(edition: Path, module: str, *words: str, timeout: float) -> None:
    """Run a module of ours with an edition of yt-dlp first on the path. Raises ToolError."""
    path = os.pathsep.join([str(edition), *filter(None, sys.path)])
    tools.run(["env", f"PYTHONPATH={path}", sys.executable, "-P", "-m", module, *words], timeout=timeout)


def _check_current(editions: Editions) -> None:
    """What worked when it came may not work any more: under another Python, or with other options of ours."""
    if editions.current is None:
        return
    try:
        if age(in_folder(editions.current)) <= age(packaged()):
            raise ToolError(f"the package has {packaged()}")
        python(editions.current, "clipmill_download.smoke", timeout=_SMOKE_SECONDS)
    except ToolError as error:
        _log.warning("yt-dlp %s is given up: %s", in_folder(editions.current), error)
        editions.go_back()


if __name__ == "__main__":
    main()
