"""Which stretches a preview shows: from all over the source, never the same second twice."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipmill_preview.clips import COUNT, SECONDS, Clip, choose, targets


def test_a_long_source_is_shown_from_all_over() -> None:
    assert targets(80) == (10, 30, 50, 70)
    assert choose(80, [9.5, 30, 48, 66]) == (Clip(9.5, 2), Clip(30, 2), Clip(48, 2), Clip(66, 2))


@pytest.mark.parametrize(
    ("seconds", "clip"),
    [
        (0, Clip(0, 8)),  # the container does not tell
        (3, Clip(0, 3)),
        (9, Clip(0, 9)),
        (9.1, Clip(0, 8)),
        (23.9, Clip(0, 8)),
    ],
)
def test_a_short_source_is_shown_from_its_beginning(seconds: float, clip: Clip) -> None:
    assert targets(seconds) == ()
    assert choose(seconds, []) == (clip,)


def test_rare_keyframes_make_fewer_and_longer_clips() -> None:
    assert choose(80, [0, 0, 40, 40]) == (Clip(0, 4), Clip(40, 4))
    assert choose(80, [0, 0, 0, 0]) == (Clip(0, 8),)


def test_a_keyframe_beyond_the_end_is_no_beginning() -> None:
    assert choose(80, [10, 90]) == (Clip(10, 8),)


@given(st.floats(24, 10**6), st.lists(st.floats(0, 10**6), max_size=COUNT))
def test_clips_follow_each_other_within_the_source(seconds: float, keyframes: list[float]) -> None:
    clips = choose(seconds, keyframes)
    assert sum(clip.length for clip in clips) <= SECONDS + 1e-6
    assert all(clip.length > 0 for clip in clips)
    assert all(one.start + one.length <= other.start + 1e-6 for one, other in pairwise(clips))
    assert clips[-1].start + clips[-1].length <= seconds + 1e-6
