"""New decoding times: growing, never after the picture is shown, and no earlier than need be."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clipmill_cutter.timestamps import anew
from tests.unit.cutter.gops import Gop, stream

GOPS = st.lists(
    st.builds(Gop, steps=st.lists(st.integers(1, 6), min_size=1, max_size=12).map(tuple), open=st.just(False)),
    min_size=1,
    max_size=6,
)


@given(GOPS)
def test_pictures_are_decoded_in_order_before_they_are_shown_and_stand_until_the_next(gops: list[Gop]) -> None:
    frames = stream(gops)
    pts = [when - frames.start for when in frames.pts]
    times = anew(pts, frames.end - frames.start)
    assert all(earlier < later for earlier, later in pairwise(times.dts))
    assert all(decoded <= shown for decoded, shown in zip(times.dts, pts, strict=True))
    ends = {when + duration for when, duration in zip(pts, times.durations, strict=True)}
    assert ends == {*pts, frames.end - frames.start} - {0}


def test_a_stream_without_reordering_is_decoded_when_it_is_shown() -> None:
    assert list(anew([0, 2, 5], 6).dts) == [0, 2, 5]


def test_reordering_begins_as_many_pictures_early_as_it_reorders() -> None:
    """Shown 0 3 1 2: the picture shown third is stored fourth, so all is decoded one picture early."""
    times = anew([0, 30, 10, 20], 40)
    assert list(times.dts) == [-10, 0, 10, 20]
    assert list(times.durations) == [10, 10, 10, 10]


def test_a_single_picture_stands_for_the_whole_part() -> None:
    assert list(anew([0], 25).durations) == [25]
