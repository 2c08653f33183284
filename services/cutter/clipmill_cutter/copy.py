"""Carries the packets of a source into its parts, each into exactly one, in one pass."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from clipmill_cutter import container
from clipmill_cutter.container import Packet, Track
from clipmill_cutter.frames import Frames
from clipmill_cutter.part_writer import PartWriter, Written
from clipmill_cutter.plan import Part
from clipmill_cutter.sound import Places
from clipmill_cutter.unfit import Unfit

log = logging.getLogger(__name__)

_FEW = 50
"""Packets of sound, about a second, that nobody need be told of: encoders write some before the first picture."""

_PATIENCE = 10
"""Seconds of picture after a part's end for which its file stays open, lest sound that is stored late be lost."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file whose packets go into parts, and what is known of them."""

    path: Path
    frames: Frames
    parts: Sequence[Part]
    limit: Fraction
    """Longest part, in seconds."""


def copy(source: Source, folder: Path, on_percent: Callable[[float], None]) -> tuple[Written, ...]:
    """Write the parts as part-001.mp4 and so on into `folder`. Raises ToolError, or Unfit when it cannot be done so."""
    with container.reading(source.path) as opened:
        picture, sounds = container.picture(opened), container.sounds(opened)
        with container.writing(), _writers(source, folder, picture, sounds) as writers:
            for packet in container.packets(opened, picture, *sounds):
                if packet.stream_index == picture.index:
                    writers.picture(packet, on_percent)
                else:
                    writers.sound(packet)
    if writers.left_out > _FEW:
        log.warning("%d packets of sound lie outside the picture and are left out", writers.left_out)
    return tuple(writers.closed)


@contextlib.contextmanager
def _writers(source: Source, folder: Path, picture: Track, sounds: Sequence[Track]) -> Iterator[_Writers]:
    writers = _Writers(source, folder, picture, sounds)
    try:
        yield writers
    except BaseException:
        writers.abandon()
        raise
    writers.close_before(len(source.parts))


@dataclass
class _Writers:
    """The parts that are open, and how far each track has come."""

    source: Source
    folder: Path
    picture_track: Track
    sound_tracks: Sequence[Track]
    open: dict[int, PartWriter] = field(default_factory=dict)
    closed: list[Written] = field(default_factory=list)
    pictures: int = 0
    current: int = 0
    left_out: int = 0

    def __post_init__(self) -> None:
        clock = self.source.frames.time_base
        self.places = {
            track.index: Places(self.source.parts, clock, track.time_base, self.source.limit)
            for track in self.sound_tracks
        }
        self.reached = dict.fromkeys(self.places, 0)

    def picture(self, packet: Packet, on_percent: Callable[[float], None]) -> None:
        if self.pictures == len(self.source.frames):
            raise Unfit("the file was not read twice alike")
        if self.pictures == self.source.parts[self.current].stop:
            self.current += 1
            self._close_finished()
            on_percent(100.0 * self.pictures / len(self.source.frames))
        self._writer(self.current).picture(packet)
        self.pictures += 1

    def sound(self, packet: Packet) -> None:
        if packet.pts is None:
            raise Unfit("a packet of sound does not tell its time")
        index = packet.stream_index
        place = self.places[index].place(packet.pts, packet.duration or 0)
        if place is None:
            self.left_out += 1
            return
        self.reached[index] = place
        self._writer(place).sound(packet)

    def _writer(self, number: int) -> PartWriter:
        if number not in self.open:
            self.open[number] = self._begin(number)
        return self.open[number]

    def _begin(self, number: int) -> PartWriter:
        if number < len(self.closed):
            raise Unfit("sound and picture are stored too far apart")
        path = self.folder / f"part-{number + 1:03}.mp4"
        return PartWriter(path, self.source.parts[number], self.source.frames, self.picture_track, self.sound_tracks)

    def _close_finished(self) -> None:
        """Close the parts for which nothing can come any more: no track is there, or the picture is far beyond."""
        parts, clock = self.source.parts, self.source.frames.time_base
        now, slowest = parts[self.current].start, min([self.current, *self.reached.values()])
        given_up = sum((now - part.end) * clock > _PATIENCE for part in parts[: self.current])
        self.close_before(max(slowest, given_up))

    def close_before(self, number: int) -> None:
        while len(self.closed) < number:
            part = len(self.closed)
            self.closed.append(self._writer(part).close())
            del self.open[part]

    def abandon(self) -> None:
        """Let go of the files, which are of no use any more; closing them may fail for the reason for which we end."""
        for writer in self.open.values():
            with contextlib.suppress(Exception):
                writer.close()
