"""Whether decoding may begin at a packet: only an IDR picture says so, whatever the container's flag says."""

from dataclasses import dataclass, field

import pytest

from clipmill_cutter.h264 import entry_test

AUD, SPS, PPS, SEI, SLICE, IDR = 9, 7, 8, 6, 1, 5
AVCC = b"\x01\x64\x00\x1f\xff\xe1"


@dataclass
class CodecContext:
    """The two fields of PyAV's that are asked."""

    name: str = "h264"
    extradata: bytes | None = AVCC


@dataclass
class Track:
    codec_context: CodecContext = field(default_factory=CodecContext)


def prefixed(*kinds: int, size: int = 4) -> bytes:
    return b"".join((5).to_bytes(size, "big") + bytes([0x60 | kind]) + b"data" for kind in kinds)


def delimited(*kinds: int) -> bytes:
    return b"".join(b"\0\0\0\1" + bytes([0x60 | kind]) + b"data" for kind in kinds)


@pytest.mark.parametrize(
    ("kinds", "entry"),
    [
        ([IDR], True),
        ([AUD, SPS, PPS, SEI, IDR, IDR], True),
        ([SEI, SLICE, SLICE], False),  # a recovery point
        ([AUD, SLICE], False),
        ([SPS, PPS], False),  # no picture at all
        ([], False),
    ],
)
def test_the_first_slice_decides(kinds: list[int], entry: bool) -> None:
    assert entry_test(Track())(prefixed(*kinds)) is entry
    assert entry_test(Track(CodecContext(extradata=None)))(delimited(*kinds)) is entry


def test_lengths_may_take_two_bytes() -> None:
    track = Track(CodecContext(extradata=AVCC[:4] + b"\xfd" + AVCC[5:]))
    assert entry_test(track)(prefixed(SEI, IDR, size=2))


def test_a_length_that_lies_ends_the_search() -> None:
    assert not entry_test(Track())(b"\xff\xff\xff\xff\x06" + prefixed(IDR))


def test_other_codecs_are_believed() -> None:
    assert entry_test(Track(CodecContext(name="hevc")))(b"")
