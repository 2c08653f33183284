"""What of a source can be kept, and how large it becomes when it cannot."""

from dataclasses import replace
from fractions import Fraction

import pytest

from clipmill.probe import Audio, Probe, Video
from clipmill_cutter import geometry, kind
from clipmill_cutter.limit import Limit

VIDEO = Video(
    index=0,
    codec="h264",
    profile="High",
    pix_fmt="yuv420p",
    width=1280,
    height=720,
    fps=Fraction(30),
    rotation=0,
    sar=Fraction(1),
)
SOUND = Audio(index=1, codec="aac", profile="LC", channels=2)
PHONE = Probe(
    format="mov,mp4,m4a,3gp,3g2,mj2",
    brand="isom",
    seconds=29.5,
    start=0.0,
    bytes=1000,
    video=VIDEO,
    audio=(SOUND,),
    streams=2,
)

LIMIT = Limit(seconds=Fraction(30), bytes=10**8)


def test_what_a_phone_made_is_sent_as_it_is() -> None:
    assert kind.can_be_sent(PHONE, LIMIT, phone=True)


@pytest.mark.parametrize(
    "other",
    [
        replace(PHONE, seconds=30.1),  # the container says so, and sites believe it
        replace(PHONE, bytes=10**8 + 1),
        replace(PHONE, start=100.0),
        replace(PHONE, brand="qt"),
        replace(PHONE, brand="iso5"),  # fragmented
        replace(PHONE, format="matroska,webm", brand=""),
        replace(PHONE, video=replace(VIDEO, codec="hevc")),
        replace(PHONE, video=replace(VIDEO, pix_fmt="yuv420p10le")),
        replace(PHONE, audio=(SOUND, replace(SOUND, codec="opus"))),
    ],
)
def test_anything_else_is_not(other: Probe) -> None:
    assert not kind.can_be_sent(other, LIMIT, phone=True)


def test_an_archive_keeps_whatever_is_short_enough() -> None:
    other = replace(PHONE, format="matroska,webm", brand="", video=replace(VIDEO, codec="vp9"), start=100.0)
    assert kind.can_be_sent(other, LIMIT, phone=False)
    assert not kind.can_be_sent(replace(other, seconds=31), LIMIT, phone=False)


def test_sound_may_outlast_the_limit_by_less_than_a_packet() -> None:
    assert kind.can_be_sent(replace(PHONE, seconds=30.02), LIMIT, phone=True)


@pytest.mark.parametrize(
    ("size", "rotation", "encoded"),
    [
        ((1280, 720), 0, (1280, 720)),
        ((641, 361), 0, (640, 360)),
        ((641, 361), 90, (360, 640)),
        ((3840, 2160), 0, (1920, 1080)),
        ((3840, 2160), 270, (1080, 1920)),
        ((7680, 1000), 0, (1920, 250)),
        ((1, 1), 0, (2, 2)),
    ],
)
def test_what_is_encoded_is_upright_even_and_no_larger_than_a_phone_shows(
    size: tuple[int, int], rotation: int, encoded: tuple[int, int]
) -> None:
    video = replace(VIDEO, width=size[0], height=size[1], rotation=rotation)
    assert geometry.encoded_size(video) == encoded


def test_pixels_that_are_not_square_keep_their_shape() -> None:
    anamorphic = replace(VIDEO, width=720, height=576, sar=Fraction(16, 15))
    assert geometry.encoded_size(anamorphic) == (720, 576)
    assert geometry.encoded_shown(anamorphic) == (768, 576)
    assert geometry.encoded_shown(replace(anamorphic, rotation=90)) == (576, 768)
