"""A story on the disk: it comes back as it was, and a job of three steps takes little room."""

from hypothesis import given, settings
from hypothesis import strategies as st

from clipmill_manager.packing import pack, unpack
from clipmill_manager.story import Attempt, Story
from tests.unit.manager.telling import error, result

numbers = st.none() | st.integers(0, 2**53)
texts = st.none() | st.text(max_size=20)
ends = st.none() | st.just(result(5, "job1/download/0")) | st.just(error(5, "job1/cutter/0", "no \0 such video"))
attempts = st.builds(Attempt, st.text(), st.integers(1, 9), texts, texts, numbers, numbers, numbers, ends)


@settings(max_examples=100, deadline=None)
@given(st.lists(attempts, max_size=8))
def test_a_story_comes_back_as_it_was(told: list[Attempt]) -> None:
    story = Story("job1", told)
    assert unpack("job1", pack(story)).attempts() == story.attempts()


def test_ten_thousand_steps_that_wait_take_little_room() -> None:
    story = Story("job1")
    story.end(result(1_000, "job1/download/0", *(f"job1/cutter/{n}" for n in range(10_000))), 1_000)
    assert len(pack(story)) < 200_000
