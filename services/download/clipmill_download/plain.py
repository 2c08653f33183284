"""Takes from yt-dlp's words what only its developers can use. Pure."""

from __future__ import annotations

import re

# Each is taken out, in this order.
_CLUTTER = (
    r"\x1b\[[0-9;]*[A-Za-z]",  # colours
    r"[\x00-\x08\x0b-\x1f\x7f]",
    r"^\s*ERROR:\s*",
    r"^\[[\w:+-]+\]\s+(?:\S+: )?",  # "[youtube] dQw4w9WgXcQ: ", and "[download] Got error: "
    r"^Got error:\s*|^Unable to download (webpage|JSON metadata|API page):\s*|^unable to download video data:\s*",
    r";? *[Pp]lease report this issue on .*",
    r"(?i)[.,;:]? *Confirm (that )?you are on the latest version.*",
    r"\. Giving up after \d+ retries",
    r" \(caused by .*\)",
    # advice for a command line that the person does not have
    r"(?i)[.,;:]? *\b(you might want to )?(use|see|try)\b(?=.*(--\w|https?://|VPN)).*",
)
_LONGEST = 300


def plain(text: str) -> str:
    """`text` as one line of at most 300 characters for people."""
    for clutter in _CLUTTER:
        text = re.sub(clutter, "", text, flags=re.DOTALL)
    text = " ".join(text.split()).rstrip(" .;,")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
