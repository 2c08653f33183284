"""Whether yt-dlp is fresh enough for the sites of today, and has a JavaScript engine."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from clipmill import tools
from clipmill.settings import EDITIONS
from clipmill_cli.doctor.finding import Finding, ok, problem, warning
from clipmill_download.editions import Editions

CHECK = "yt-dlp"

STALE_DAYS = 90
"""Sites change every few weeks, and so must yt-dlp."""

ENGINES = ("qjs", "deno")
"""QuickJS first: an interpreter, which runs under MemoryDenyWriteExecute= as the unit sets it; deno does not."""


def check() -> Iterator[Finding]:
    """Findings on both."""
    try:
        packaged = version("yt-dlp")
    except PackageNotFoundError:
        yield problem(CHECK, "it is not there", "install clipmill again; the download workers need it")
        return
    newer = Editions(EDITIONS).version
    yield freshness(newer or packaged, datetime.datetime.now(tz=datetime.UTC).date())
    yield _engine()


def freshness(found: str, today: datetime.date) -> Finding:
    """A finding on a version, which is a date: 2026.10.26."""
    date = re.match(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", found)
    if not date:
        return ok(CHECK, found)
    days = (today - datetime.date(*map(int, date.groups()))).days
    if days > STALE_DAYS:
        advice = "sudo systemctl start ytdlp-update (YTDLP_UPDATE=no turns that off), or upgrade clipmill"
        return warning(CHECK, f"{found} is {days} days old, and sites change", advice)
    return ok(CHECK, f"{found}, {days} days old")


def _engine() -> Finding:
    for name in ENGINES:
        if path := tools.find(name):
            return ok("JavaScript", path)
    return warning("JavaScript", "there is no engine for yt-dlp: YouTube works in part", "sudo apt install quickjs")
