"""The parameter sets of H.264 and HEVC: taken out of a track's header, put in front of a packet. Pure.

A picture refers to its sets by number. Where pictures of two encoders follow each other in one track, each group must
bring its own sets along, for a decoder keeps one of each number.
"""

from __future__ import annotations

from collections.abc import Iterator

_START_CODE = b"\0\0\0\1"
_AVCC = 1


def is_prefixed(header: bytes) -> bool:
    """Whether units stand behind their length, as in mp4 and Matroska, and not behind start codes, as in MPEG-TS."""
    return len(header) > 4 and header[0] == _AVCC


def length_size(codec: str, header: bytes) -> int:
    """Bytes that a unit's length takes."""
    return (header[21 if codec == "hevc" else 4] & 3) + 1


def sets(codec: str, header: bytes) -> list[bytes]:
    """The units that a track's header holds."""
    if not is_prefixed(header):
        return [unit for unit in delimited(header) if unit]
    return list(_of_hevc(header) if codec == "hevc" else _of_h264(header))


def packed(units: list[bytes], size: int) -> bytes:
    """Units as a packet stores them: behind a length of `size` bytes, or behind a start code when `size` is 0."""
    return b"".join((len(unit).to_bytes(size, "big") if size else _START_CODE) + unit for unit in units)


def units(data: bytes, size: int) -> Iterator[bytes]:
    """The units of a packet of which each stands behind a length of `size` bytes."""
    position = 0
    while position + size < len(data):
        length = int.from_bytes(data[position : position + size], "big")
        yield data[position + size : position + size + length]
        position += size + length


def delimited(data: bytes) -> Iterator[bytes]:
    """The units of what stands behind start codes, one after the other: the first is known before the last is found."""
    position = data.find(b"\0\0\1")
    while position >= 0:
        following = data.find(b"\0\0\1", position + 3)
        yield data[position + 3 : following if following >= 0 else len(data)].rstrip(b"\0")
        position = following


def _of_h264(header: bytes) -> Iterator[bytes]:
    """ISO/IEC 14496-15, 5.3.3.1: a count of SPS and the SPS, a count of PPS and the PPS."""
    position = 5
    for mask in (31, 255):
        count, position = header[position] & mask, position + 1
        for _ in range(count):
            unit, position = _unit(header, position)
            yield unit


def _of_hevc(header: bytes) -> Iterator[bytes]:
    """ISO/IEC 14496-15, 8.3.3.1: arrays of units, one for each kind."""
    position = 23
    for _ in range(header[22]):
        count, position = int.from_bytes(header[position + 1 : position + 3], "big"), position + 3
        for _ in range(count):
            unit, position = _unit(header, position)
            yield unit


def _unit(header: bytes, position: int) -> tuple[bytes, int]:
    end = position + 2 + int.from_bytes(header[position : position + 2], "big")
    return header[position + 2 : end], end
