"""Every picture in exactly one part, no part too long, and no more parts than need be: for any stream and mode."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipmill_cutter.frames import Frames
from clipmill_cutter.limit import Limit
from clipmill_cutter.mode import Mode
from clipmill_cutter.plan import SPARE, Plan, parts, plan
from clipmill_cutter.stretch import Stretch
from tests.unit.cutter.gops import CLOCK, Gop, stream

GOPS = st.builds(
    Gop,
    steps=st.lists(st.integers(1, 6), min_size=1, max_size=12).map(tuple),
    open=st.booleans(),
)
STREAMS = st.lists(GOPS, min_size=1, max_size=12).map(stream)
LIMITS = st.integers(1, 60)
MODES = st.sampled_from(Mode)


def planned(frames: Frames, ticks: int, mode: Mode = Mode.AUTO, size: int | None = None) -> Plan | None:
    return plan(frames, Limit(seconds=ticks * CLOCK, bytes=size), mode)


def fewest(points: Sequence[int], end: int, limit: int) -> int | None:
    """By trying every cut: how many parts of at most `limit` there must be, or None."""
    needed = {end: 0}
    for point in reversed(points):
        ways = [needed[cut] for cut in needed if point < cut <= point + limit]
        if ways:
            needed[point] = 1 + min(ways)
    return needed.get(points[0])


def clean(frames: Frames) -> list[int]:
    return [frames.pts[index] for index in frames.clean()]


def with_new_pictures(frames: Frames, found: Plan) -> Frames:
    """The stream as it is when the stretches were encoded: shown as they are stored, with keyframes at the starts."""
    pts, entries = list(frames.pts), bytearray(frames.entries)
    for stretch in found.stretches:
        times = sorted(pts[stretch.first : stretch.stop])
        pts[stretch.first : stretch.stop] = times
        keys = (index == 0 or when in found.starts for index, when in enumerate(times))
        entries[stretch.first : stretch.stop] = bytes(keys)
    return replace(frames, pts=type(frames.pts)("q", pts), keys=entries, entries=entries)


@given(STREAMS, LIMITS, MODES)
def test_no_part_is_too_long_and_there_is_no_plan_only_where_there_can_be_none(
    frames: Frames, limit: int, mode: Mode
) -> None:
    found = planned(frames, limit, mode)
    if found is None:
        assert fewest(frames.shown, frames.end, limit) is None
        return
    bounds = [*found.starts, frames.end]
    assert bounds[0] == frames.start
    assert all(0 < end - start <= limit for start, end in pairwise(bounds))
    assert set(found.starts) <= set(frames.shown)


@given(STREAMS, LIMITS, MODES)
def test_every_picture_is_in_exactly_one_part_once_the_stretches_are_encoded(
    frames: Frames, limit: int, mode: Mode
) -> None:
    if (found := planned(frames, limit, mode)) is None:
        return
    after = with_new_pictures(frames, found)
    pieces = parts(after, found.starts)
    assert pieces
    assert [piece.first for piece in pieces] == [0, *(piece.stop for piece in pieces[:-1])]
    assert pieces[-1].stop == len(frames)
    assert [piece.end for piece in pieces] == [*(piece.start for piece in pieces[1:]), frames.end]
    for piece in pieces:
        assert all(piece.start <= when < piece.end for when in after.pts[piece.first : piece.stop])
        assert after.entries[piece.first]
        assert after.pts[piece.first] == piece.start


@given(STREAMS, LIMITS, st.sampled_from([Mode.FEWEST, Mode.EXACT]))
def test_there_are_as_few_parts_as_can_be(frames: Frames, limit: int, mode: Mode) -> None:
    if (found := planned(frames, limit, mode)) is not None:
        assert len(found.starts) == fewest(frames.shown, frames.end, limit)


@given(STREAMS, LIMITS)
def test_exact_parts_are_as_long_as_the_limit_allows(frames: Frames, limit: int) -> None:
    if (found := planned(frames, limit, Mode.EXACT)) is not None:
        for start, following in pairwise(found.starts):
            assert following == max(when for when in frames.shown if when <= start + limit)


@given(STREAMS, LIMITS)
def test_lossless_encodes_nothing_where_nothing_has_to_be(frames: Frames, limit: int) -> None:
    found = planned(frames, limit, Mode.LOSSLESS)
    least = fewest(clean(frames), frames.end, limit) if frames.start in clean(frames) else None
    if found and least is not None:
        assert found.stretches == ()
        assert len(found.starts) == least


@given(STREAMS, LIMITS)
def test_by_default_few_parts_more_are_better_than_encoding_but_not_many(frames: Frames, limit: int) -> None:
    found, most = planned(frames, limit), fewest(frames.shown, frames.end, limit)
    least = fewest(clean(frames), frames.end, limit) if frames.start in clean(frames) else None
    if found is None or most is None:
        return
    lossless = least is not None and least <= most * (1 + SPARE)
    assert len(found.starts) == (least if lossless else most)
    assert not (lossless and found.stretches)


@given(STREAMS, LIMITS, MODES)
def test_only_groups_in_which_a_part_begins_are_encoded(frames: Frames, limit: int, mode: Mode) -> None:
    found = planned(frames, limit, mode)
    if found is None:
        return
    starts = clean(frames)
    for stretch in found.stretches:
        inside = frames.pts[stretch.first : stretch.stop]
        assert any(min(inside) <= start <= max(inside) and start not in starts for start in found.starts)
    assert all(one.stop < other.first for one, other in pairwise(found.stretches))


@given(STREAMS, LIMITS, MODES, st.integers(1, 60))
def test_no_part_is_larger_than_its_bytes_unless_it_is_one_picture(
    frames: Frames, limit: int, mode: Mode, pictures: int
) -> None:
    sized = replace(frames, sizes=type(frames.sizes)("L", [1000] * len(frames)))
    found = planned(sized, limit, Mode.EXACT, size=pictures * 1100)
    if found is not None and not found.stretches:
        counts = [piece.stop - piece.first for piece in parts(sized, found.starts) or ()]
        assert all(count * 1000 <= pictures * 1100 or count == 1 for count in counts)


def closed(*lengths: int) -> Frames:
    """Closed groups of so many pictures, each a tick long."""
    return stream([Gop((1,) * length) for length in lengths])


def starts(frames: Frames, limit: int, mode: Mode = Mode.AUTO) -> tuple[int, ...]:
    found = planned(frames, limit, mode)
    assert found
    return found.starts


@pytest.mark.parametrize(
    ("mode", "expected", "encoded"),
    [
        (Mode.AUTO, (7, 256, 505), ()),
        (Mode.LOSSLESS, (7, 256, 505), ()),
        (Mode.FEWEST, (7, 256, 505), ()),
        (Mode.EXACT, (7, 307, 607), (Stretch(249, 332), Stretch(581, 664))),
    ],
)
def test_a_cut_moves_to_the_last_keyframe_that_the_limit_allows(
    mode: Mode, expected: tuple[int, ...], encoded: tuple[Stretch, ...]
) -> None:
    found = planned(closed(*[83] * 9), 300, mode)
    assert found == Plan(starts=expected, stretches=encoded)


def test_a_source_within_the_limit_is_one_part() -> None:
    assert planned(closed(100), 100) == Plan(starts=(7,), stretches=())


def test_one_group_longer_than_a_part_is_encoded() -> None:
    assert planned(closed(150), 100) == Plan(starts=(7, 107), stretches=(Stretch(0, 150),))


def test_groups_that_make_far_too_many_parts_are_encoded_only_around_the_cuts() -> None:
    """Groups of 51 pictures make twice as many parts of 100 as there need be."""
    frames = closed(*[51] * 10)
    assert len(starts(frames, 100)) == 6
    assert len(starts(frames, 100, Mode.LOSSLESS)) == 10


def test_a_gap_between_keyframes_costs_only_its_own_group() -> None:
    frames = closed(50, 50, 150, 50, 50)
    found = planned(frames, 100, Mode.LOSSLESS)
    assert found == Plan(starts=(7, 107, 207, 307), stretches=(Stretch(100, 250),))


def test_open_groups_are_not_cut() -> None:
    frames = stream([Gop((1,) * 50, open=True) for _ in range(4)])
    assert list(frames.clean()) == [0]
    found = planned(frames, 60)
    assert found
    assert found.stretches == (Stretch(0, 200),)


def test_the_group_of_hidden_pictures_is_encoded_without_them() -> None:
    frames = closed(10, 10)
    frames.hidden[0] = 1
    assert frames.start == 8
    assert planned(frames, 100) == Plan(starts=(8,), stretches=(Stretch(0, 10),))


def test_what_is_stored_before_the_first_keyframe_is_not_shown() -> None:
    frames = closed(10, 10)
    frames.keys[0] = frames.entries[0] = 0
    assert list(frames.shown) == list(range(17, 27))
    assert planned(frames, 100) == Plan(starts=(17,), stretches=(Stretch(0, 10),))


def test_a_picture_that_stands_longer_than_a_part_cannot_be_helped() -> None:
    assert planned(stream([Gop((1, 50, 1))]), 40) is None


def test_sound_that_outlasts_the_picture_belongs_to_the_last_part() -> None:
    frames = replace(closed(90, 5), sound_end=7 + 130)
    assert frames.end == 137
    assert starts(frames, 100) == (7, 97)


def test_a_packet_of_sound_that_outlasts_the_picture_makes_no_part_more() -> None:
    frames = replace(closed(1000, 1000), time_base=Fraction(1, 1000), sound_end=7 + 2021)
    found = plan(frames, Limit(seconds=Fraction(1)), Mode.AUTO)
    assert found == Plan(starts=(7, 1007), stretches=())


def test_the_limit_is_never_rounded_up() -> None:
    """29.97 pictures a second: 899 of them are within 30 s, the 900th is not."""
    frames = replace(closed(1800), time_base=Fraction(1001, 30000))
    found = plan(frames, Limit(seconds=Fraction(30)), Mode.AUTO)
    assert found
    assert found.starts == (7, 7 + 899, 7 + 1798)


def test_sound_that_begins_before_the_picture_belongs_to_the_first_part() -> None:
    frames = replace(closed(50, 50, 50), sound_start=7 - 40)
    found = planned(frames, 100)
    assert found
    assert found.starts == (7, 57)
    assert [(part.start, part.end) for part in parts(frames, found.starts) or ()] == [(-33, 57), (57, 157)]
