"""Writes one part: packets of a source with timestamps that begin anew."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

from clipmill_cutter import chapters, container, timestamps
from clipmill_cutter.container import Packet, Track
from clipmill_cutter.format import MP4, Format
from clipmill_cutter.frames import Frames
from clipmill_cutter.plan import Part
from clipmill_cutter.subtitles import Shown, as_mov_text
from clipmill_cutter.tracks import Tracks, becomes_text
from clipmill_cutter.unfit import Unfit


@dataclass(frozen=True, kw_only=True)
class Written:
    """A part as it was meant to be: what the file at `path` is checked against."""

    path: Path
    part: Part
    sounds: int
    """Packets of sound that went into it, or bytes of what is not coded."""
    format: Format = MP4


class PartWriter:
    """A part that is being written."""

    def __init__(self, path: Path, part: Part, frames: Frames, tracks: Tracks, format: Format) -> None:
        self.path, self.part, self._format = path, part, format
        self._pts = array("q", (pts - part.start for pts in frames.pts[part.first : part.stop]))
        self._times = timestamps.anew(self._pts, part.end - part.start)
        begin, end = part.start * frames.time_base, part.end * frames.time_base
        self._origins = {sound.index: round(begin / sound.time_base) for sound in tracks.sounds}
        self._file = container.new(path, format)
        container.describe(self._file, tracks.source, chapters.within(tracks.source.chapters(), begin, end))
        self._tracks = {track.index: container.add(self._file, track) for track in (tracks.picture, *tracks.sounds)}
        self._lines = {track.index: self._add_lines(track) for track in tracks.subtitles}
        self._kinds = {track.index: track.codec_context.name for track in tracks.subtitles}
        self._pictures = self._sounds = 0

    def _add_lines(self, track: Track) -> Track:
        return (
            container.add_text(self._file, track)
            if becomes_text(track, self._format)
            else container.add(self._file, track)
        )

    def picture(self, packet: Packet) -> None:
        """Write the next packet of the picture."""
        number = self._pictures
        # what was encoded anew comes without a time
        if packet.pts is not None and packet.pts - self.part.start != self._pts[number]:
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
        self._sounds += container.amount(packet, packet.stream)
        self._write(packet)

    def subtitle(self, index: int, data: bytes, line: Shown) -> None:
        """Write a line of subtitles."""
        track, kind = self._lines[index], self._kinds[index]
        if self._format.name in ("mp4", "mov"):
            if data in (b"", b"\0\0"):
                return  # a pause, which the muxer makes itself
            data = as_mov_text(kind, data) if kind != "mov_text" else data
        start, length = round(line.start / track.time_base), max(1, round(line.length / track.time_base))
        self._file.mux_one(container.text_packet(data, start, length, track.time_base, track))

    def _write(self, packet: Packet) -> None:
        packet.stream = self._tracks[packet.stream_index]
        self._file.mux_one(packet)

    def close(self) -> Written:
        """Finish the file."""
        self._file.close()
        return Written(path=self.path, part=self.part, sounds=self._sounds, format=self._format)
