"""Carries the packets of a source into its parts, each into exactly one, in one pass."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from clipmill_cutter import container
from clipmill_cutter.container import Packet
from clipmill_cutter.format import MP4, Format
from clipmill_cutter.frames import Frames
from clipmill_cutter.part_writer import PartWriter, Written
from clipmill_cutter.plan import Part
from clipmill_cutter.sound import Places
from clipmill_cutter.splice import Splice, in_place
from clipmill_cutter.subtitles import places
from clipmill_cutter.tracks import Tracks
from clipmill_cutter.unfit import Unfit

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
    format: Format = MP4
    splice: Splice | None = None
    """Encoded pictures that take the place of some of the source's; `frames` and `parts` count them."""


def copy(source: Source, folder: Path, on_percent: Callable[[float], None]) -> Copied:
    """Write the parts as part-001 and so on into `folder`. Raises ToolError, or Unfit when it cannot be done so."""
    with container.reading(source.path) as opened:
        tracks = Tracks.of(opened, source.format)
        with container.writing(), _writers(source, folder, tracks) as writers:
            packets = container.packets(opened, tracks.picture, *tracks.sounds, *tracks.subtitles)
            for packet in in_place(packets, tracks.picture, source.splice) if source.splice else packets:
                writers.take(packet, on_percent)
        notes = [*writers.notes(), *(f"left out: {what}" for what in tracks.left_out)]
    return Copied(tuple(writers.closed), tuple(notes))


@dataclass(frozen=True)
class Copied:
    """The parts, and what of the source is in none of them."""

    parts: tuple[Written, ...]
    notes: tuple[str, ...]


@contextlib.contextmanager
def _writers(source: Source, folder: Path, tracks: Tracks) -> Iterator[_Writers]:
    writers = _Writers(source, folder, tracks)
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
    tracks: Tracks
    open: dict[int, PartWriter] = field(default_factory=dict)
    closed: list[Written] = field(default_factory=list)
    pictures: int = 0
    current: int = 0
    left_out: int = 0
    late_lines: int = 0

    def __post_init__(self) -> None:
        clock = self.source.frames.time_base
        self.places = {
            track.index: Places(self.source.parts, clock, track.time_base, self.source.limit)
            for track in self.tracks.sounds
        }
        self.reached = dict.fromkeys(self.places, 0)

    def take(self, packet: Packet, on_percent: Callable[[float], None]) -> None:
        if packet.stream_index == self.tracks.picture.index:
            self.picture(packet, on_percent)
        elif packet.stream_index in self.places:
            self.sound(packet)
        else:
            self.subtitle(packet)

    def notes(self) -> Iterator[str]:
        if self.left_out > _FEW:
            yield f"left out: {self.left_out} packets of sound before or long after the picture"
        if self.late_lines:
            yield f"left out: {self.late_lines} lines of subtitles that are stored too late"

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

    def subtitle(self, packet: Packet) -> None:
        if packet.pts is None:
            self.late_lines += 1
            return
        start, length = packet.pts * packet.time_base, (packet.duration or 0) * packet.time_base
        data = bytes(packet)
        for line in places(self.source.parts, self.source.frames.time_base, start, length):
            if line.part < len(self.closed):
                self.late_lines += 1
            else:
                self._writer(line.part).subtitle(packet.stream_index, data, line)

    def _writer(self, number: int) -> PartWriter:
        if number not in self.open:
            self.open[number] = self._begin(number)
        return self.open[number]

    def _begin(self, number: int) -> PartWriter:
        if number < len(self.closed):
            raise Unfit("sound and picture are stored too far apart")
        path = self.folder / f"part-{number + 1:03}{self.source.format.suffix}"
        return PartWriter(path, self.source.parts[number], self.source.frames, self.tracks, self.source.format)

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
