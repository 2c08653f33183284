"""A part that is not what was planned is found out before anybody gets it."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from clipmill_cutter.check import check
from clipmill_cutter.copy import Source, copy
from clipmill_cutter.frames import Frames
from clipmill_cutter.limit import Limit
from clipmill_cutter.mode import Mode
from clipmill_cutter.packets import survey
from clipmill_cutter.part_writer import Written
from clipmill_cutter.plan import parts, plan
from clipmill_cutter.unfit import Unfit
from tests.integration.cutter.sources import closed
from tests.rig.program import run

LIMIT = Limit(seconds=Fraction(10))


def ignore(percent: float) -> None:
    """Nobody wants to know."""


@pytest.fixture
def frames(tmp_path: Path) -> Frames:
    return survey(closed(tmp_path), ignore)


@pytest.fixture
def second(tmp_path: Path, frames: Frames) -> Written:
    """The second part of three, as it should be."""
    planned = plan(frames, LIMIT, Mode.AUTO)
    pieces = parts(frames, planned.starts) if planned else None
    assert pieces
    source = Source(path=tmp_path / "closed.mp4", frames=frames, parts=pieces, limit=LIMIT.seconds)
    return copy(source, tmp_path, ignore).parts[1]


def test_a_part_as_planned_passes(second: Written, frames: Frames) -> None:
    check(second, frames, LIMIT)


def test_a_part_longer_than_the_limit_does_not(second: Written, frames: Frames) -> None:
    with pytest.raises(Unfit, match=r"longer than 7\.9 s"):
        check(second, frames, Limit(seconds=Fraction(79, 10)))


@pytest.mark.parametrize(("more", "complaint"), [(1, "240 pictures instead of 241"), (-1, "more pictures")])
def test_a_picture_too_few_or_too_many_is_found(second: Written, frames: Frames, more: int, complaint: str) -> None:
    other = replace(second, part=replace(second.part, stop=second.part.stop + more))
    with pytest.raises(Unfit, match=complaint):
        check(other, frames, LIMIT)


def test_a_part_with_more_bytes_than_the_limit_does_not(second: Written, frames: Frames) -> None:
    with pytest.raises(Unfit, match="bytes, which is more than 1000"):
        check(second, frames, replace(LIMIT, bytes=1000))


def test_a_picture_at_another_time_is_found(second: Written, frames: Frames) -> None:
    frames.pts[second.part.first + 100] += 1
    with pytest.raises(Unfit, match=r"picture 100 .* at another time"):
        check(second, frames, LIMIT)


def test_lost_sound_is_found(second: Written, frames: Frames) -> None:
    with pytest.raises(Unfit, match="packets of sound"):
        check(replace(second, sounds=second.sounds + 1), frames, LIMIT)


def test_hidden_pictures_are_found(second: Written, frames: Frames, tmp_path: Path) -> None:
    """As `ffmpeg -ss … -c copy` leaves them: stored, and kept from being shown by an edit list."""
    cut = tmp_path / "cut.mp4"
    run(["ffmpeg", "-v", "error", "-ss", "8.5", "-i", str(tmp_path / "closed.mp4"), "-t", "7", "-c", "copy", str(cut)])
    with pytest.raises(Unfit):
        check(replace(second, path=cut), frames, LIMIT)
