"""One pass over a file's packets: what is stored, without decoding any of it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from clipmill.outcome import ToolError
from clipmill_cutter import container, h264
from clipmill_cutter.container import Packet, Track
from clipmill_cutter.frames import Frames

_EVERY = 4096
"""Packets between two words about how far we are."""


def survey(path: Path, on_percent: Callable[[float], None]) -> Frames:
    """The pictures stored in the file at `path`. Raises ToolError when it is damaged or has none."""
    with container.reading(path) as source:
        track = container.picture(source)
        stored = _counted(container.packets(source, track), path.stat().st_size, on_percent)
        frames = _columns(track, stored, certain=container.tells_times(source))
        _check_whole(len(frames), container.indexed(source, track))
    if not frames.shown:
        raise ToolError("no picture in the file can be shown", permanent=True, cause="corrupt")
    return frames


def _check_whole(found: int, promised: int) -> None:
    if found < promised:
        reason = f"the file is cut short: {found} of its {promised} pictures are there"
        raise ToolError(reason, permanent=True, cause="corrupt")


def _columns(track: Track, packets: Iterator[Packet], *, certain: bool) -> Frames:
    is_entry = h264.entry_test(track)
    pts, lengths, keys, entries, hidden = array("q"), array("q"), bytearray(), bytearray(), bytearray()
    for packet in packets:
        when = packet.pts if packet.pts is not None else packet.dts
        certain = certain and packet.pts is not None and not _changes(packet)
        if when is None:
            continue
        pts.append(when)
        lengths.append(packet.duration or 0)
        keys.append(packet.is_keyframe)
        entries.append(packet.is_keyframe and is_entry(packet))
        hidden.append(packet.is_discard)
    return Frames(
        time_base=track.time_base,
        pts=pts,
        keys=keys,
        entries=entries,
        hidden=hidden,
        last=_last(pts, lengths),
        certain=certain,
    )


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
