"""What a site says of a video, as people and later steps want to know it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from clipmill_download.catch import About

_FIELDS = {
    "title": ("title",),
    "uploader": ("uploader", "channel", "creator"),
    "webpageUrl": ("webpage_url", "original_url"),
    "site": ("extractor_key",),
    "uploadDate": ("upload_date",),
}
_LONGEST = 500


def about(info: Mapping[str, Any]) -> About:
    """The fields of a yt-dlp info_dict that are worth keeping."""
    found = {name: _first(info, keys) for name, keys in _FIELDS.items()}
    return {name: text for name, text in found.items() if text}


def _first(info: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    texts = (_text(info.get(key)) for key in keys)
    return next((text for text in texts if text), "")


def _text(value: object) -> str:
    """On one line: it goes into messages, terminals and headers."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", value).strip()[:_LONGEST] if isinstance(value, str) else ""
