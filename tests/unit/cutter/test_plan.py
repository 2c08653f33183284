"""Every picture in exactly one part, no part too long, and no more parts than need be: for any stream."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from clipmill_cutter.frames import Frames
from clipmill_cutter.plan import SPARE, Part, plan
from tests.unit.cutter.gops import CLOCK, Gop, stream

GOPS = st.builds(
    Gop,
    steps=st.lists(st.integers(1, 6), min_size=1, max_size=12).map(tuple),
    open=st.booleans(),
)
STREAMS = st.lists(GOPS, min_size=1, max_size=12).map(stream)
LIMITS = st.integers(1, 60)


def planned(frames: Frames, ticks: int) -> tuple[tuple[int, ...] | None, tuple[Part, ...] | None]:
    found = plan(frames, ticks * CLOCK)
    return found.cuts, found.copy


def fewest(points: Sequence[int], end: int, limit: int) -> int | None:
    """By trying every cut: how many parts of at most `limit` there must be, or None."""
    needed = {end: 0}
    for point in reversed(points):
        ways = [needed[cut] for cut in needed if point < cut <= point + limit]
        if ways:
            needed[point] = 1 + min(ways)
    return needed.get(points[0])


@given(STREAMS, LIMITS)
def test_cuts_leave_no_part_too_long_and_are_as_few_as_can_be(frames: Frames, limit: int) -> None:
    cuts, _ = planned(frames, limit)
    least = fewest(frames.shown, frames.end, limit)
    if cuts is None:
        assert least is None
        return
    bounds = [frames.start, *cuts, frames.end]
    assert all(0 < end - start <= limit for start, end in pairwise(bounds))
    assert set(cuts) <= set(frames.shown)
    assert len(cuts) + 1 == least


@given(STREAMS, LIMITS)
def test_copied_parts_hold_every_picture_once_and_show_it_within_their_time(frames: Frames, limit: int) -> None:
    _, parts = planned(frames, limit)
    if parts is None:
        return
    assert [part.first for part in parts] == [0, *(part.stop for part in parts[:-1])]
    assert parts[-1].stop == len(frames)
    for part in parts:
        assert 0 < part.end - part.start <= limit
        assert all(part.start <= when < part.end for when in frames.pts[part.first : part.stop])
        assert frames.pts[part.first] == part.start
        assert frames.entries[part.first]
    assert [part.end for part in parts] == [*(part.start for part in parts[1:]), frames.end]


@given(STREAMS, LIMITS)
def test_parts_are_copied_whenever_that_costs_few_more_of_them(frames: Frames, limit: int) -> None:
    cuts, parts = planned(frames, limit)
    clean = [frames.pts[index] for index in frames.clean()]
    least = fewest(clean, frames.end, limit) if clean and clean[0] == frames.start else None
    affordable = least is not None and cuts is not None and least <= (len(cuts) + 1) * (1 + SPARE)
    assert (len(parts) if parts else None) == (least if affordable else None)


def closed(*lengths: int) -> Frames:
    """Closed groups of so many pictures, each a tick long."""
    return stream([Gop((1,) * length) for length in lengths])


def test_a_cut_moves_to_the_last_keyframe_that_the_limit_allows() -> None:
    _, parts = planned(closed(*[83] * 9), 300)
    assert parts is not None
    assert [part.end - part.start for part in parts] == [249, 249, 249]


def test_a_source_within_the_limit_is_one_part() -> None:
    assert planned(closed(100), 100)[1] == (Part(first=0, stop=100, start=7, end=107),)


def test_one_group_longer_than_a_part_cannot_be_copied() -> None:
    assert planned(closed(150), 100) == ((107,), None)


def test_a_few_parts_more_are_better_than_encoding_but_not_many() -> None:
    """Groups of 26 pictures make parts of 78 of 100; groups of 51 make twice as many parts as there need be."""
    assert len(planned(closed(*[26] * 20), 100)[1] or ()) == 7  # of 6
    assert planned(closed(*[51] * 10), 100)[1] is None


def test_open_groups_are_not_cut() -> None:
    frames = stream([Gop((1,) * 50, open=True) for _ in range(4)])
    assert list(frames.clean()) == [0]
    assert planned(frames, 60)[1] is None


def test_hidden_pictures_are_never_copied() -> None:
    frames = closed(10, 10)
    frames.hidden[0] = 1
    assert frames.start == 8
    assert planned(frames, 100) == ((), None)


def test_what_is_stored_before_the_first_keyframe_is_not_shown() -> None:
    frames = closed(10, 10)
    frames.keys[0] = frames.entries[0] = 0
    assert list(frames.shown) == list(range(17, 27))


def test_a_picture_that_stands_longer_than_a_part_cannot_be_helped() -> None:
    assert planned(stream([Gop((1, 50, 1))]), 40) == (None, None)


def test_the_limit_is_never_rounded_up() -> None:
    """29.97 pictures a second: 899 of them are within 30 s, the 900th is not."""
    clock = Fraction(1001, 30000)
    frames = closed(1800)
    ticking = Frames(
        time_base=clock,
        pts=frames.pts,
        keys=frames.keys,
        entries=frames.entries,
        hidden=frames.hidden,
        last=frames.last,
    )
    cuts = plan(ticking, Fraction(30)).cuts
    assert cuts == (7 + 899, 7 + 1798)
