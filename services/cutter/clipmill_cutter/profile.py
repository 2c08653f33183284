"""What parts are made for: a site's limits and what its viewers can play, with what an operator or a sender changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from clipmill.outcome import ToolError
from clipmill.settings import Settings
from clipmill_cutter.limit import Limit
from clipmill_cutter.mode import Mode

_SHORTEST, _LONGEST = 1, 86400
_SMALLEST = 100_000
_LOWEST, _HIGHEST = 64, 4320
_COPY, _H264 = "copy", "h264"
_MB = 10**6


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One purpose."""

    name: str
    limit: Limit
    mode: Mode = Mode.AUTO
    phone: bool = True
    """Parts are mp4 with H.264 (8 bits, 4:2:0) and AAC, whatever the source is; else all stays what it was."""
    height: int | None = None
    """The most lines that a picture may have when it is encoded; None leaves it."""


def _named(name: str, seconds: int, size: int | None, **more: Any) -> Profile:
    return Profile(name=name, limit=Limit(seconds=Fraction(seconds), bytes=size), **more)


PROFILES = {
    profile.name: profile
    for profile in (
        _named("whatsapp", 30, 100 * _MB),  # a status: 30 s; the apps take files up to 100 MB
        _named("telegram", 60, 50 * _MB),  # a story: 60 s; bots may send 50 MB
        _named("instagram", 60, 100 * _MB, height=1920),  # a story: 60 s, 100 MB, 1080x1920
        _named("archive", 30, None, phone=False),
    )
}


def wanted(options: Mapping[str, Any], settings: Settings) -> Profile:
    """The profile of a step: what the sender wishes, else what the operator set, else what the profile says.

    Raises ToolError, permanent, for a wish that cannot be meant.
    """
    base = _base(options.get("profile", settings.cut_profile))
    seconds = _number(options, "partSeconds", settings.part_seconds, _SHORTEST, _LONGEST)
    size = _number(options, "partBytes", settings.part_bytes, _SMALLEST, 10**15)
    height = _number(options, "height", settings.cut_height, _LOWEST, _HIGHEST)
    codec = options.get("codec", settings.cut_codec) or (_H264 if base.phone else _COPY)
    if codec not in (_COPY, _H264):
        raise _malformed("codec", f"{_H264} or {_COPY}", codec)
    return replace(
        base,
        limit=Limit(
            seconds=base.limit.seconds if seconds is None else Fraction(seconds).limit_denominator(1000),
            bytes=base.limit.bytes if size is None else int(size),
        ),
        mode=_mode(options.get("cut", settings.cut_mode) or base.mode),
        phone=codec == _H264,
        height=base.height if height is None else int(height),
    )


def _base(name: Any) -> Profile:
    if not isinstance(name, str) or name not in PROFILES:
        raise _malformed("profile", f"one of {', '.join(PROFILES)}", name)
    return PROFILES[name]


def _mode(name: Any) -> Mode:
    try:
        return Mode(name)
    except ValueError:
        raise _malformed("cut", f"one of {', '.join(Mode)}", name) from None


def _number(options: Mapping[str, Any], key: str, default: float | None, least: float, most: float) -> float | None:
    wish = options.get(key, default)
    if wish is None and key not in options:
        return None
    # JSON's true is a number to Python
    if isinstance(wish, bool) or not isinstance(wish, int | float) or not least <= wish <= most:
        raise _malformed(key, f"a number from {least:g} to {most:g}", wish)
    return wish


def _malformed(key: str, allowed: str, wish: Any) -> ToolError:
    return ToolError(f"{key} must be {allowed}, and is {wish!r}", permanent=True, cause="malformed")
