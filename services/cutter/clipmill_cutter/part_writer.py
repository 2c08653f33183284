"""Writes one part: packets of a source with timestamps that begin anew."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clipmill_cutter import container, timestamps
from clipmill_cutter.container import Packet, Track
from clipmill_cutter.frames import Frames
from clipmill_cutter.plan import Part
from clipmill_cutter.unfit import Unfit


@dataclass(frozen=True, kw_only=True)
class Written:
    """A part as it was meant to be: what the file at `path` is checked against."""

    path: Path
    part: Part
    sounds: int
    """Packets of sound that went into it."""


class PartWriter:
    """A part that is being written."""

    def __init__(self, path: Path, part: Part, frames: Frames, picture: Track, sounds: Sequence[Track]) -> None:
        self.path, self.part = path, part
        self._pts = array("q", (pts - part.start for pts in frames.pts[part.first : part.stop]))
        self._times = timestamps.anew(self._pts, part.end - part.start)
        begin = part.start * frames.time_base
        self._origins = {sound.index: round(begin / sound.time_base) for sound in sounds}
        self._file = container.new(path)
        self._tracks = {track.index: container.add(self._file, track) for track in (picture, *sounds)}
        self._pictures = self._sounds = 0

    def picture(self, packet: Packet) -> None:
        """Write the next packet of the picture."""
        number = self._pictures
        if packet.pts is None or packet.pts - self.part.start != self._pts[number]:
            raise Unfit("the file was not read twice alike")
        packet.pts, packet.dts = self._pts[number], self._times.dts[number]
        packet.duration = self._times.durations[number]
        self._pictures += 1
        self._write(packet)

    def sound(self, packet: Packet) -> None:
        """Write a packet of sound."""
        origin = self._origins[packet.stream_index]
        packet.pts -= origin
        packet.dts = packet.pts  # sound is never stored out of order
        self._sounds += 1
        self._write(packet)

    def _write(self, packet: Packet) -> None:
        packet.stream = self._tracks[packet.stream_index]
        self._file.mux_one(packet)

    def close(self) -> Written:
        """Finish the file."""
        self._file.close()
        return Written(path=self.path, part=self.part, sounds=self._sounds)
