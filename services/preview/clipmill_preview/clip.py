"""Cuts one clip out of a source: small, upright, H.264 that any phone plays, its sound still raw."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from clipmill import ffmpeg_tool
from clipmill.ffmpeg_tool import Options, Stream
from clipmill.outcome import ToolError
from clipmill.probe import Probe
from clipmill_preview.budget import only_keyframes
from clipmill_preview.clips import Clip

log = logging.getLogger(__name__)

_MAX_RATE = Fraction(30)
_RATE_UNKNOWN = Fraction(25)
_CLOCK = 90_000
"""Ticks a second, so that pieces of any rate can be joined."""

_ENCODED: Options = {
    "c:v": "libx264",
    "preset": "veryfast",
    "crf": 26,
    # what phones have played since 2010: no B-frames to reorder, no 10 bit, no 4:4:4
    "profile:v": "main",
    "level": "3.1",
    "pix_fmt": "yuv420p",
    "bf": 0,
    # the poster is chosen among the keyframes
    "g": 30,
    "video_track_timescale": _CLOCK,
    "c:a": "pcm_s16le",
    "map_metadata": -1,
    "map_chapters": -1,
}


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What to cut, and the means."""

    source: Path
    found: Probe
    clip: Clip
    size: tuple[int, int]
    exactly: bool
    """Others follow it: picture and sound must be as long as the clip, or they drift apart at each join."""
    threads: int
    timeout: float

    @property
    def rate(self) -> Fraction:
        """Pictures a second."""
        return min(_MAX_RATE, self.found.video.fps or _RATE_UNKNOWN)

    @property
    def stills(self) -> bool:
        """Only keyframes are decoded."""
        return only_keyframes(self.found.video)


def cut(order: Cut, target: Path) -> bool:
    """Write the clip to `target`; whether there was anything to show. Raises ToolError when the machine is at fault."""
    sink = ffmpeg_tool.sink(target, *_streams(order), **_ENCODED, threads=order.threads)
    try:
        encoded = ffmpeg_tool.run(sink, seconds=order.clip.length, threads=order.threads, timeout=order.timeout)
    except ToolError as error:
        if not error.permanent:
            raise
        log.warning("%s", error)
        return False
    return encoded.frames > 0


def _streams(order: Cut) -> list[Stream]:
    skipped: Options = {"skip_frame": "nokey"} if order.stills else {}
    start, length = f"{order.clip.start:.6f}", f"{order.clip.length:.6f}"
    # one thread: each more keeps pictures of its own
    source = ffmpeg_tool.source(order.source, ss=start, t=length, threads=1, **skipped)
    picture = _picture(order, source[str(order.found.video.index)])
    sound = next((track.index for track in order.found.audio if track.codec), None)
    return [picture] if sound is None else [picture, _sound(order, source[str(sound)])]


def _picture(order: Cut, track: Stream) -> Stream:
    width, height = order.size
    small = (
        track.filter("setpts", "PTS-STARTPTS")
        # scaled first: what the filters after it keep are then small pictures
        .filter("scale", width, height)
        .filter("fps", str(order.rate))
        .filter("setsar", 1)
        .filter("format", "yuv420p")
    )
    if order.exactly or order.stills:
        small = small.filter("tpad", stop_mode="clone", stop_duration=order.clip.length)
    return small.filter("trim", duration=order.clip.length)


def _sound(order: Cut, track: Stream) -> Stream:
    # silence where the sound begins later than the picture
    sound = track.filter("aresample", 44100, **{"async": 1, "first_pts": 0})
    sound = sound.filter("aformat", channel_layouts="stereo", sample_fmts="s16")
    if order.exactly:
        sound = sound.filter("apad")
    return sound.filter("atrim", duration=order.clip.length)
