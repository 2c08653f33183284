"""Makes of any source a file that can be cut by copying: AAC, and H.264 in closed GOPs with keyframes where wanted."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clipmill import ffmpeg_tool
from clipmill.ffmpeg_tool import Options
from clipmill.probe import MAX_PIXELS, Audio, Probe
from clipmill_cutter import encoder, geometry
from clipmill_cutter.frames import Frames
from clipmill_cutter.kind import sound_can_be_copied
from clipmill_cutter.limit import Limit
from clipmill_cutter.profile import Profile
from clipmill_cutter.unfit import Unfit

_KEYFRAME_EVERY = 250

_FOR_PICTURE = 0.9
_SOUND_BITS = 170_000
_PLAIN_COLOURS: Options = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709"}

_COMMON: Options = {
    # the clock of the source, or cuts and sync would be off by where the file begins
    "copyts": None,
    "map_chapters": -1,
    "max_muxing_queue_size": 4096,
}
_SOUND: Options = {
    "c:a": "aac",
    "b:a": "160k",
    # an encoder counts samples: a hole in the sound would otherwise move all that follows
    "af": "aresample=async=1",
}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be made of which source."""

    source: Path
    found: Probe
    frames: Frames
    cuts: Sequence[int] | None
    """Ticks at which a keyframe must be, in order; None to keep the picture as it is and make only the sound anew."""
    profile: Profile
    threads: int
    timeout: float


def normalise(order: Order, target: Path, on_percent: Callable[[float], None]) -> None:
    """Write the normalised copy to `target`, unless an earlier attempt has finished it. Raises ToolError, or Unfit."""
    if target.exists():
        return
    unfinished = target.with_suffix(f".unfinished{target.suffix}")
    encoded = ffmpeg_tool.run(
        _graph(order, unfinished),
        seconds=order.frames.seconds,
        threads=order.threads,
        timeout=order.timeout,
        on_percent=on_percent,
    )
    if encoded.doubled or encoded.dropped:
        raise Unfit(f"ffmpeg doubled {encoded.doubled} and dropped {encoded.dropped} pictures")
    unfinished.rename(target)


def _graph(order: Order, target: Path) -> ffmpeg_tool.Stream:
    # a picture that stays turned is turned by whoever plays it
    keep = {} if order.profile.phone else {"noautorotate": None}
    source = ffmpeg_tool.source(
        order.source, threads=order.threads, itsoffset=_before_zero(order.frames), max_pixels=MAX_PIXELS, **keep
    )
    sounds = [track for track in order.found.audio if track.codec]
    indexes = [order.found.video.index, *(track.index for track in sounds)]
    streams = [source[str(index)] for index in indexes]
    picture: Options = {"c:v": "copy"} if order.cuts is None else _picture(order, order.cuts)
    as_it_is = not order.profile.phone or sound_can_be_copied(order.found)
    sound: Options = {"c:a": "copy"} if as_it_is else _SOUND | _channels(sounds)
    return ffmpeg_tool.sink(target, *streams, **_COMMON, **picture, **sound)


def _channels(sounds: Sequence[Audio]) -> Options:
    """Phones play one channel or two."""
    return {f"ac:a:{number}": 2 for number, track in enumerate(sounds) if track.channels > 2}


def _picture(order: Order, cuts: Sequence[int]) -> Options:
    clock = order.frames.time_base
    encoded = _for_phones(order) if order.profile.phone else _alike(order)
    return {
        **encoded,
        # every picture once, at its own time: neither a constant rate nor the encoder's own coarser clock
        "fps_mode": "passthrough",
        "enc_time_base:v": f"{clock.numerator}:{clock.denominator}",
        **_keyframes(order, cuts),
    }


def _alike(order: Order) -> Options:
    video = order.found.video
    # the size may change within a source, and does not within a track
    return encoder.alike(video, order.threads) | {"vf": f"scale={video.width}:{video.height}"}


def _for_phones(order: Order) -> Options:
    return {
        "c:v": "libx264",
        "preset": "veryfast",
        "crf": 20,
        "pix_fmt": "yuv420p",
        "vf": geometry.filters(order.found.video, order.profile.height),
        "threads": order.threads,
        "forced-idr": 1,
        **_bounded(order.profile.limit),
        **(_PLAIN_COLOURS if order.found.video.hdr else {}),
    }


def _bounded(limit: Limit) -> Options:
    """The most bits a second with which the longest part keeps within its bytes, sound and container taken off."""
    if not limit.bytes:
        return {}
    rate = max(100_000, int(limit.bytes * 8 * _FOR_PICTURE / float(limit.seconds)) - _SOUND_BITS)
    return {"maxrate": rate, "bufsize": rate}


def _keyframes(order: Order, cuts: Sequence[int]) -> Options:
    """Where a keyframe must be, and so many besides that a part finds another one should it not be there."""
    every = int((order.found.video.fps or 25) * order.profile.limit.seconds / 2)
    options: Options = {"g": min(_KEYFRAME_EVERY, max(1, every))}
    times = ",".join(f"{when:.6f}" for when in _just_before(order.frames, cuts))
    return options | {"force_key_frames": times} if times else options


def _just_before(frames: Frames, cuts: Sequence[int]) -> Iterator[float]:
    """Seconds half-way between the picture before each cut and the first one after it.

    ffmpeg makes a keyframe of the first picture at or after a time, and rounds both: on the picture's own time it might
    find it too early by a microsecond.
    """
    for cut in cuts:
        before = frames.shown[bisect_left(frames.shown, cut) - 1]
        yield float((before + cut) * frames.time_base / 2) + _before_zero(frames)


def _before_zero(frames: Frames) -> float:
    """Seconds by which what begins before 0 is moved: times that wrap do, and no mp4 can."""
    return max(0.0, math.ceil(-frames.start * frames.time_base))
