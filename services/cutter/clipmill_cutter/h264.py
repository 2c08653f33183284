"""Tells from an H.264 packet whether decoding may begin there, which a container's key flag does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from clipmill_cutter import parameter_sets
from clipmill_cutter.container import Packet, Track

_IDR = 5
_SEQUENCE_SET = 7
_SLICES = range(1, 6)
_AVCC = 1


def entry_test(track: Track) -> Callable[[Packet], bool]:
    """The test for the keyframes of `track`; for other codecs than H.264, which are never copied, the flag will do.

    Containers flag recovery points as well: the first picture of an open GOP, or of a sweep of intra refresh, after
    which a decoder that begins there shows up to a whole sweep of rubbish. Only an IDR picture forgets all before it.
    """
    if track.codec_context.name != "h264":
        return lambda packet: True
    header = bytes(track.codec_context.extradata or b"")
    if len(header) > 4 and header[0] == _AVCC:
        size = (header[4] & 3) + 1
        return lambda packet: _first_slice(_prefixed(bytes(packet), size)) == _IDR
    return lambda packet: _first_slice(_delimited(bytes(packet))) == _IDR


class Sequences:
    """Notices that a keyframe says anew, and otherwise, what its stream is like: the size of its pictures, say."""

    def __init__(self, track: Track) -> None:
        header = bytes(track.codec_context.extradata or b"")
        self._is_h264 = track.codec_context.name == "h264"
        self._size = parameter_sets.length_size("h264", header) if parameter_sets.is_prefixed(header) else 0
        self._known: dict[int, bytes] = {}
        if self._is_h264:
            self._differ(parameter_sets.sets("h264", header))

    def change(self, packet: Packet) -> bool:
        """Whether this keyframe brings another set of a number that is known."""
        return self._is_h264 and packet.is_keyframe and self._differ(self._units(bytes(packet)))

    def _units(self, data: bytes) -> Iterator[bytes]:
        units = parameter_sets.units(data, self._size) if self._size else parameter_sets.delimited(data)
        return takewhile(lambda unit: unit and unit[0] & 31 not in _SLICES, units)

    def _differ(self, units: Iterable[bytes]) -> bool:
        sets = [unit for unit in units if unit and unit[0] & 31 == _SEQUENCE_SET]
        return any(self._known.setdefault(_number(one), one) != one for one in sets)


def _number(sequence_set: bytes) -> int:
    """A set's number: Exp-Golomb, behind profile, constraints and level (ITU-T H.264, 7.3.2.1.1)."""
    bits = f"{int.from_bytes(sequence_set[4:8], 'big'):032b}"
    zeros = len(bits) - len(bits.lstrip("0"))
    return int(bits[zeros : 2 * zeros + 1] or "1", 2) - 1


def _first_slice(types: Iterator[int]) -> int:
    """The type of the first unit that holds a picture; parameter sets and messages come before it."""
    return next((kind for kind in types if kind in _SLICES), 0)


def _prefixed(data: bytes, size: int) -> Iterator[int]:
    """Types of the units of a packet as mp4 stores it: each after its length of `size` bytes."""
    position = 0
    while position + size < len(data):
        yield data[position + size] & 31
        position += size + int.from_bytes(data[position : position + size], "big")


def _delimited(data: bytes) -> Iterator[int]:
    """Types of the units of a packet as MPEG-TS stores it: each after a start code."""
    position = data.find(b"\0\0\1")
    while 0 <= position < len(data) - 3:
        yield data[position + 3] & 31
        position = data.find(b"\0\0\1", position + 3)
