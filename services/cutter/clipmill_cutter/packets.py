"""One pass over a file's packets: what is stored, without decoding any of it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from clipmill.outcome import ToolError
from clipmill_cutter import container, h264
from clipmill_cutter.container import Packet, Track
from clipmill_cutter.frames import Frames

_EVERY = 4096
"""Packets between two words about how far we are."""

_BACK, _AHEAD = Fraction(1, 2), Fraction(10)
"""Seconds by which times may go back, or leap ahead, from one packet to the next."""


def survey(path: Path, on_percent: Callable[[float], None]) -> Frames:
    """The pictures stored in the file at `path`. Raises ToolError when it is damaged or has none."""
    size = path.stat().st_size
    with container.reading(path) as source:
        track, sounds = container.picture(source), container.sounds(source)
        # where there is an index, sound need not be read to know when it ends
        read = [] if container.has_index(source) else sounds
        heard = _Heard(track.index)
        stored = heard.apart(_counted(container.packets(source, track, *read), size, on_percent))
        frames = _columns(track, stored, certain=container.tells_times(source), may_jump=container.may_jump(source))
        _check_whole(len(frames), container.indexed(source, track))
        heard.trust(sounds if not read else ())
    if not frames.shown:
        raise ToolError("no picture in the file can be shown", permanent=True, cause="corrupt")
    rate = max(0, size - sum(frames.sizes)) / max(frames.seconds, 1.0)
    return replace(
        frames,
        other_rate=rate,
        sound_start=None if heard.start is None else int(heard.start / frames.time_base),
        sound_end=None if heard.end is None else int(heard.end / frames.time_base),
    )


class _Heard:
    """When the first sound of a file begins and the last one ends, in seconds."""

    def __init__(self, picture: int) -> None:
        self._picture = picture
        self.start: Fraction | None = None
        self.end: Fraction | None = None

    def apart(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """The packets of the picture; the others are sound, and are looked at."""
        for packet in packets:
            if packet.stream_index == self._picture:
                yield packet
            elif packet.pts is not None:
                begin = packet.pts * packet.time_base
                self._during(begin, begin + (packet.duration or 0) * packet.time_base)

    def trust(self, sounds: Sequence[Track]) -> None:
        """What tracks say of themselves."""
        for sound in sounds:
            if sound.duration:
                begin = (sound.start_time or 0) * sound.time_base
                self._during(begin, begin + sound.duration * sound.time_base)

    def _during(self, begin: Fraction, end: Fraction) -> None:
        self.start = begin if self.start is None else min(self.start, begin)
        self.end = end if self.end is None else max(self.end, end)


def _check_whole(found: int, promised: int) -> None:
    if found < promised:
        reason = f"the file is cut short: {found} of its {promised} pictures are there"
        raise ToolError(reason, permanent=True, cause="corrupt")


def _columns(track: Track, packets: Iterator[Packet], *, certain: bool, may_jump: bool) -> Frames:
    is_entry, sequences = h264.entry_test(track), h264.Sequences(track)
    pts, lengths, keys, entries, hidden = array("q"), array("q"), bytearray(), bytearray(), bytearray()
    sizes, jumps = array("L"), _Jumps(track.time_base if may_jump else None)
    for packet in packets:
        jumps.see(packet.dts)
        when = packet.pts if packet.pts is not None else packet.dts
        certain = certain and packet.pts is not None and not (_changes(packet) or sequences.change(packet))
        if when is None:
            continue
        pts.append(when)
        lengths.append(packet.duration or 0)
        keys.append(packet.is_keyframe)
        entries.append(packet.is_keyframe and is_entry(packet))
        hidden.append(packet.is_discard)
        sizes.append(packet.size)
    return Frames(
        time_base=track.time_base,
        pts=pts,
        keys=keys,
        entries=entries,
        hidden=hidden,
        last=_last(pts, lengths),
        certain=certain,
        sizes=sizes,
        broken=jumps.seen,
    )


class _Jumps:
    """Notices that times begin anew in the middle of a file: where recordings were joined, or a link was lost."""

    def __init__(self, clock: Fraction | None) -> None:
        self._back = self._ahead = 0
        if clock:
            self._back, self._ahead = int(_BACK / clock), int(_AHEAD / clock)
        self._last: int | None = None
        self.seen = False

    def see(self, dts: int | None) -> None:
        if not self._ahead or dts is None:
            return
        if self._last is not None and not -self._back <= dts - self._last <= self._ahead:
            self.seen = True
        self._last = dts


def _changes(packet: Packet) -> bool:
    """Whether the stream's parameters are others from here on: one mp4 track holds one set of them."""
    return bool(packet.is_keyframe and packet.has_sidedata("new_extradata"))


def _last(pts: array[int], lengths: array[int]) -> int:
    """How long the picture shown last stands: what its packet says, else what is usual in this file."""
    if not pts:
        return 0
    told = lengths[max(range(len(pts)), key=pts.__getitem__)]
    if told > 0:
        return told
    order = sorted(set(pts))
    steps = sorted(later - earlier for earlier, later in pairwise(order))
    return steps[len(steps) // 2] if steps else 1


def _counted(packets: Iterator[Packet], size: int, on_percent: Callable[[float], None]) -> Iterator[Packet]:
    for number, packet in enumerate(packets):
        if number % _EVERY == 0 and packet.pos:
            on_percent(100.0 * packet.pos / size)
        yield packet
