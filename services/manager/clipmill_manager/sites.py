"""The site that a link leads to. Pure."""

from __future__ import annotations

import urllib.parse

_LONGEST = 200


def site_of(link: str | None) -> str | None:
    """Its host, as people would name it; None where there is none."""
    try:
        host = urllib.parse.urlsplit(link or "").hostname or ""
    except ValueError:
        return None
    return host.removeprefix("www.")[:_LONGEST].replace("\0", "") or None
