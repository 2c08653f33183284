"""Encodes stretches of a source and puts them in the place of what they were made of."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clipmill import ffmpeg_tool
from clipmill.probe import MAX_PIXELS, Video
from clipmill_cutter import container, encoder, parameter_sets
from clipmill_cutter.container import Packet, Track
from clipmill_cutter.format import MATROSKA
from clipmill_cutter.frames import Frames
from clipmill_cutter.packets import survey
from clipmill_cutter.stretch import Stretch
from clipmill_cutter.unfit import Unfit

_SAMPLE = 500
"""Packets after which it has shown how it reorders them."""

_TOLERANCE = 0.002
"""Seconds by which Matroska, which counts milliseconds, may move a picture twice."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to encode anew of which source."""

    source: Path
    video: Video
    frames: Frames
    stretches: Sequence[Stretch]
    starts: Sequence[int]
    """Ticks at which parts begin."""
    folder: Path
    threads: int
    timeout: float


@dataclass(frozen=True, kw_only=True)
class Splice:
    """Encoded pictures, and where they belong."""

    path: Path
    codec: str
    stretches: tuple[Stretch, ...]
    counts: tuple[int, ...]
    """How many packets each stretch has become."""
    merged: Frames
    """The source as it is with them in it."""


def splice(order: Order, on_percent: Callable[[float], None]) -> Splice:
    """Encode the stretches. Raises Unfit when what comes out cannot stand in their place."""
    shown = [_shown_in(order.frames, stretch) for stretch in order.stretches]
    cut, encoded = order.folder / "joins-source.mkv", order.folder / "joins.mkv"
    if not any(shown):
        return _spliced(order, cut, shown, None)
    _take_out(order, cut)
    _encode(order, shown, cut, encoded, on_percent)
    cut.unlink()
    return _spliced(order, encoded, shown, survey(encoded, lambda percent: None))


def _shown_in(frames: Frames, stretch: Stretch) -> array[int]:
    """When the pictures of a stretch are shown, in order."""
    begin = frames.keys.index(1)
    least = frames.pts[begin]
    numbers = range(max(begin, stretch.first), stretch.stop)
    return array("q", sorted(frames.pts[n] for n in numbers if not frames.hidden[n] and frames.pts[n] >= least))


def _take_out(order: Order, target: Path) -> None:
    """The packets of the stretches, as a file of their own: a seek is only exact in some formats."""
    wanted = {number for stretch in order.stretches for number in range(stretch.first, stretch.stop)}
    origin = min(order.frames.pts)
    with container.reading(order.source) as opened, container.writing():
        picture = container.picture(opened)
        with container.new(target, MATROSKA) as file:
            track = container.add(file, picture)
            for number, packet in enumerate(container.packets(opened, picture)):
                if number in wanted:
                    # what wraps begins before 0, of which Matroska knows nothing
                    packet.pts -= origin
                    packet.dts = packet.pts if packet.dts is None else packet.dts - origin
                    packet.stream = track
                    file.mux_one(packet)


def _encode(
    order: Order, shown: Sequence[array[int]], cut: Path, target: Path, on_percent: Callable[[float], None]
) -> None:
    clock = order.frames.time_base
    keys = sorted({times[0] for times in shown if times} | {start for start in order.starts if _within(start, shown)})
    half = max(1, order.frames.last) / 2
    options: ffmpeg_tool.Options = {
        "copyts": None,
        "fps_mode": "passthrough",
        "enc_time_base:v": "1:1000",
        # hidden pictures are decoded, for others need them, and not encoded
        "vf": f"select='{_windows(order, shown)}'",
        "force_key_frames": ",".join(
            f"{max(0.0, float((key - half - min(order.frames.pts)) * clock)):.6f}" for key in keys
        ),
        "g": 250,
    }
    source = ffmpeg_tool.source(cut, threads=order.threads, noautorotate=None, max_pixels=MAX_PIXELS)
    ffmpeg_tool.run(
        ffmpeg_tool.sink(
            target, source["v"], **options, **encoder.alike(order.video, order.threads, _depth(order.frames))
        ),
        seconds=order.frames.seconds,
        threads=order.threads,
        timeout=order.timeout,
        on_percent=on_percent,
    )


def _depth(frames: Frames) -> int:
    """How many pictures the source decodes ahead of those it shows, as its beginning tells."""
    pts = frames.pts[:_SAMPLE]
    place = {when: number for number, when in enumerate(sorted(pts))}
    return max((index - place[when] for index, when in enumerate(pts)), default=0)


def _within(start: int, shown: Sequence[array[int]]) -> bool:
    return any(times and times[0] <= start <= times[-1] for times in shown)


def _windows(order: Order, shown: Sequence[array[int]]) -> str:
    clock, half, origin = order.frames.time_base, max(1, order.frames.last) / 2, min(order.frames.pts)
    around = ((times[0] - half - origin, times[-1] + half - origin) for times in shown if times)
    spans = ((float(low * clock), float(high * clock)) for low, high in around)
    return "+".join(f"between(t,{low:.4f},{high:.4f})" for low, high in spans)


def _spliced(order: Order, path: Path, shown: Sequence[array[int]], encoded: Frames | None) -> Splice:
    pts = _true_times(order, shown, encoded) if encoded else array("q")
    counts = tuple(len(times) for times in shown)
    merged = _merged(order, counts, pts, encoded)
    return Splice(path=path, codec=order.video.codec, stretches=tuple(order.stretches), counts=counts, merged=merged)


def _true_times(order: Order, shown: Sequence[array[int]], encoded: Frames) -> array[int]:
    """For each encoded packet, in stored order, when its picture is shown: as they come, so they came in the source."""
    times = [when for stretch in shown for when in stretch]
    if len(times) != len(encoded):
        raise Unfit(f"{len(encoded)} pictures came of encoding {len(times)}")
    place = {when: number for number, when in enumerate(sorted(encoded.pts))}
    found = array("q", (times[place[when]] for when in encoded.pts))
    origin = found[0] * order.frames.time_base - encoded.pts[0] * encoded.time_base
    for told, true in zip(encoded.pts, found, strict=True):
        if abs(float(true * order.frames.time_base - told * encoded.time_base - origin)) > _TOLERANCE:
            raise Unfit("an encoded picture is shown at another time than the one that it was made of")
    return found


def _merged(order: Order, counts: Sequence[int], pts: array[int], encoded: Frames | None) -> Frames:
    """The columns of the source with those of the encoded packets in their place."""
    old = order.frames
    columns = replace(old, pts=array("q"), keys=bytearray(), entries=bytearray(), hidden=bytearray(), sizes=array("L"))
    position = taken = 0
    for stretch, count in zip(order.stretches, counts, strict=True):
        _append(columns, old, position, stretch.first)
        if encoded:
            columns.pts.extend(pts[taken : taken + count])
            columns.keys.extend(encoded.keys[taken : taken + count])
            columns.entries.extend(encoded.keys[taken : taken + count])
            columns.hidden.extend(bytes(count))
        position, taken = stretch.stop, taken + count
    _append(columns, old, position, len(old))
    return columns


def _append(columns: Frames, old: Frames, first: int, stop: int) -> None:
    columns.pts.extend(old.pts[first:stop])
    columns.keys.extend(old.keys[first:stop])
    columns.entries.extend(old.entries[first:stop])
    columns.hidden.extend(old.hidden[first:stop])


def in_place(packets: Iterator[Packet], picture: Track, splice: Splice) -> Iterator[Packet]:
    """The packets of a file, with the encoded ones of the picture instead of those of the stretches."""
    if not any(splice.counts):
        yield from _without(packets, picture, splice, iter(()))
        return
    with container.reading(splice.path) as opened:
        track = container.picture(opened)
        yield from _without(packets, picture, splice, _like(container.packets(opened, track), track, picture, splice))


def _without(packets: Iterator[Packet], picture: Track, splice: Splice, new: Iterator[Packet]) -> Iterator[Packet]:
    pending = list(zip(splice.stretches, splice.counts, strict=True))
    returns = _Returns(picture, splice.codec)
    number = -1
    for packet in packets:
        if packet.stream_index != picture.index:
            yield packet
            continue
        number += 1
        if pending and number == pending[0][0].stop:
            pending.pop(0)
            packet = returns.back(packet)
        if not pending or number < pending[0][0].first:
            yield packet
        elif number == pending[0][0].first:
            for _ in range(pending[0][1]):
                yield next(new)


def _like(packets: Iterator[Packet], track: Track, picture: Track, splice: Splice) -> Iterator[Packet]:
    """Encoded packets in the form of the source's, with their parameter sets in front of each keyframe."""
    dress = _Dress(track, picture, splice.codec)
    clock = picture.time_base
    for packet in packets:
        yield container.packet_like(packet, picture, clock, dress.data(packet))


class _Dress:
    """How the data of an encoded packet is written in the source's form."""

    def __init__(self, track: Track, picture: Track, codec: str) -> None:
        self._has_sets = codec in ("h264", "hevc")
        if self._has_sets:
            header, own = bytes(track.codec_context.extradata or b""), bytes(picture.codec_context.extradata or b"")
            self._from = parameter_sets.length_size(codec, header)
            self._to = parameter_sets.length_size(codec, own) if parameter_sets.is_prefixed(own) else 0
            self._sets = parameter_sets.packed(parameter_sets.sets(codec, header), self._to)

    def data(self, packet: Packet) -> bytes:
        data = bytes(packet)
        if not self._has_sets:
            return data
        body = parameter_sets.packed(list(parameter_sets.units(data, self._from)), self._to)
        return self._sets + body if packet.is_keyframe else body


class _Returns:
    """Brings the source's own sets back behind a stretch of HEVC, whose sets have the same numbers."""

    def __init__(self, picture: Track, codec: str) -> None:
        self._picture = picture
        header = bytes(picture.codec_context.extradata or b"") if codec == "hevc" else b""
        size = parameter_sets.length_size(codec, header) if parameter_sets.is_prefixed(header) else 0
        self._sets = parameter_sets.packed(parameter_sets.sets(codec, header), size) if header else b""

    def back(self, packet: Packet) -> Packet:
        if not self._sets:
            return packet
        return container.packet_like(packet, self._picture, packet.time_base, self._sets + bytes(packet), packet.pts)
