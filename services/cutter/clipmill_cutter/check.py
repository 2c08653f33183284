"""Reads finished parts again and compares every packet with the plan, before anything is published."""

from __future__ import annotations

from clipmill.outcome import ToolError
from clipmill_cutter import container
from clipmill_cutter.container import Packet, Track
from clipmill_cutter.frames import Frames
from clipmill_cutter.limit import Limit
from clipmill_cutter.part_writer import Written
from clipmill_cutter.unfit import Unfit


def check(written: Written, frames: Frames, limit: Limit) -> None:
    """Raises Unfit when the part is not what was planned: a picture missing, doubled, hidden or moved, or too long."""
    name, part = written.path.name, written.part
    if (part.end - part.start) * frames.time_base > limit.seconds:
        raise Unfit(f"{name} is longer than {float(limit.seconds):g} s")
    if limit.bytes and written.path.stat().st_size > limit.bytes:
        raise Unfit(f"{name} has {written.path.stat().st_size} bytes, which is more than {limit.bytes}")
    try:
        sounds = _read(written, frames)
    except ToolError as error:
        raise Unfit(f"{name} cannot be read: {error}") from error
    if sounds != written.sounds:
        raise Unfit(f"{name} holds {sounds} packets of sound instead of {written.sounds}")


def _read(written: Written, frames: Frames) -> int:
    """Look at every packet; how many of them are sound, as `container.amount` counts."""
    count = 0
    with container.reading(written.path) as opened:
        picture, sounds = container.picture(opened), container.sounds(opened)
        pictures = _Pictures(picture, frames, written)
        for packet in container.packets(opened, picture, *sounds):
            if packet.stream_index == picture.index:
                pictures.see(packet)
            else:
                count += container.amount(packet, packet.stream)
    pictures.end()
    return count


class _Pictures:
    """Follows the pictures of a part as they come."""

    def __init__(self, picture: Track, frames: Frames, written: Written) -> None:
        self.name, self.part, self.frames = written.path.name, written.part, frames
        # the muxer of mp4 multiplies a slow clock, and never makes it slower; that of Matroska rounds to its own
        self.ratio = frames.time_base / picture.time_base
        self.exact = written.format.exact
        self.seen = 0
        self.decoded: int | None = None

    def see(self, packet: Packet) -> None:
        index = self.part.first + self.seen
        if index >= self.part.stop:
            raise Unfit(f"{self.name} holds more pictures than planned")
        planned = (self.frames.pts[index] - self.part.start) * self.ratio
        if packet.pts is None or abs(packet.pts - planned) > (0 if self.exact else 1):
            raise Unfit(f"picture {self.seen} of {self.name} is shown at another time than planned")
        if packet.is_discard or (self.exact and self.decoded is not None and packet.dts <= self.decoded):
            raise Unfit(f"picture {self.seen} of {self.name} is hidden, or decoded out of order")
        if not self.seen and not packet.is_keyframe:
            raise Unfit(f"{self.name} does not begin with a keyframe")
        self.seen, self.decoded = self.seen + 1, packet.dts

    def end(self) -> None:
        planned = self.part.stop - self.part.first
        if self.seen != planned:
            raise Unfit(f"{self.name} holds {self.seen} pictures instead of {planned}")
