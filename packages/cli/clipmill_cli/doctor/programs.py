"""Whether ffmpeg, ffprobe and PyAV are there, and can do what the services ask of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clipmill import tools
from clipmill.outcome import ToolError
from clipmill_cli.doctor.finding import Finding, Level, ok, problem

ENCODERS = ("libx264", "aac", "mjpeg")
"""What parts, previews and posters are made with."""

_SECONDS = 20
_INSTALL = "sudo apt install ffmpeg"


def check() -> Iterator[Finding]:
    """Findings on each of them."""
    yield _program("ffprobe")
    ffmpeg = _program("ffmpeg")
    yield ffmpeg
    if ffmpeg.level is Level.OK:
        yield _encoders()
    yield _pyav()


def _program(name: str) -> Finding:
    path = tools.find(name)
    if not path:
        return problem(name, "it is not there, and no worker starts without it", _INSTALL)
    try:
        said = tools.output([name, "-version"], timeout=_SECONDS)
    except ToolError as error:
        return problem(name, f"it does not run: {error}", _INSTALL)
    found = re.match(rf"{name} version (\S+)", said)
    return ok(name, f"{found[1] if found else 'of an unknown version'}, {path}")


def _encoders() -> Finding:
    listed = tools.output(["ffmpeg", "-hide_banner", "-encoders"], timeout=_SECONDS).split()
    missing = [name for name in ENCODERS if name not in listed]
    if missing:
        return problem("ffmpeg", f"this one was built without {', '.join(missing)}", f"use Debian's: {_INSTALL}")
    return ok("ffmpeg", f"it has the encoders {', '.join(ENCODERS)}")


def _pyav() -> Finding:
    try:
        import av  # only here: it loads FFmpeg's libraries, 0.2 s
    except ImportError as error:
        return problem("PyAV", f"it cannot be loaded: {error}", "install clipmill again; the cutter needs it")
    return ok("PyAV", f"{av.__version__} with FFmpeg {av.ffmpeg_version_info}")
