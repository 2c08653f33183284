"""Parameter sets are found in a track's header and written as the packets around them are."""

import pytest

from clipmill_cutter.parameter_sets import delimited, is_prefixed, length_size, packed, sets, units

SPS, PPS, VPS = b"\x67\x64\x00\x1f\xac", b"\x68\xeb", b"\x40\x01\x0c"


def avcc(sps: list[bytes], pps: list[bytes]) -> bytes:
    parts = [b"\x01\x64\x00\x1f\xff", bytes([0xE0 | len(sps)])]
    parts += [len(one).to_bytes(2, "big") + one for one in sps]
    parts += [bytes([len(pps)]), *(len(one).to_bytes(2, "big") + one for one in pps)]
    return b"".join(parts)


def hvcc(*arrays: tuple[int, bytes]) -> bytes:
    kinds = (bytes([kind]) + (1).to_bytes(2, "big") + len(unit).to_bytes(2, "big") + unit for kind, unit in arrays)
    return b"\x01" + bytes(20) + b"\x03" + bytes([len(arrays)]) + b"".join(kinds)


def test_the_sets_of_mp4_are_in_its_header() -> None:
    assert sets("h264", avcc([SPS, SPS], [PPS])) == [SPS, SPS, PPS]
    assert sets("hevc", hvcc((32, VPS), (33, SPS), (34, PPS))) == [VPS, SPS, PPS]
    assert length_size("h264", avcc([SPS], [PPS])) == length_size("hevc", hvcc()) == 4


def test_those_of_a_broadcast_stand_behind_start_codes() -> None:
    header = b"\0\0\0\1" + SPS + b"\0\0\1" + PPS
    assert not is_prefixed(header)
    assert sets("h264", header) == [SPS, PPS]
    assert sets("h264", b"") == []


@pytest.mark.parametrize("size", [1, 2, 4])
def test_what_is_packed_behind_lengths_is_found_again(size: int) -> None:
    assert list(units(packed([SPS, PPS], size), size)) == [SPS, PPS]


def test_what_is_packed_behind_start_codes_is_found_again() -> None:
    assert list(delimited(packed([SPS, PPS], 0))) == [SPS, PPS]
