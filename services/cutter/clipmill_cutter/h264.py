"""Tells from an H.264 packet whether decoding may begin there, which a container's key flag does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clipmill_cutter.container import Packet, Track

_IDR = 5
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
