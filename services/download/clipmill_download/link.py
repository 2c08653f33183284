"""Says what is wrong with a link before anybody follows it. Pure."""

from __future__ import annotations

import re
import urllib.parse

_SHOWN = 200


def mistake(link: str | None) -> str | None:
    """Why `link` cannot be followed, as a sentence, or None."""
    link = (link or "").strip()
    if not link:
        return "there is neither a link nor a file to fetch"
    if re.search(r"[\s\x00-\x1f\x7f]", link):
        return f"{_shown(link)} is no link: there is a space or a control character in it"
    try:
        parts = urllib.parse.urlsplit(link)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"{_shown(link)} is no link: {error}"
    if parts.scheme not in ("http", "https"):
        return f"{_shown(link)} is no link to follow: it must begin with http:// or https://"
    return None if host else f"{_shown(link)} is no link: it names no host"


def _shown(link: str) -> str:
    return repr(link if len(link) <= _SHOWN else link[:_SHOWN] + "…")
