"""Names of files."""

from pathlib import Path

import pytest

from clipmill_download import names


def test_a_video_has_the_same_name_on_every_attempt() -> None:
    assert names.stem("Youtube", "https://x/1", "1", "137+140") == names.stem("Youtube", "https://x/1", "1", "137+140")


def test_another_video_or_format_never_continues_the_file_of_this_one() -> None:
    identities = [("Youtube", "1", "137"), ("Youtube", "1", "136"), ("Youtube", "2", "137"), ("Vimeo", "1", "137")]
    assert len({names.stem(*identity) for identity in identities}) == 4


@pytest.mark.parametrize("title", ["../../etc/passwd", "a" * 5000, "-y", "%d", "with:colon", "ä/\0", ""])
def test_no_title_shows_in_a_name(title: str) -> None:
    assert len(names.stem(title)) == 16
    assert names.stem(title).isalnum()


def test_an_artifact_is_named_after_its_job() -> None:
    assert names.artifact("job7", 2, Path("/work/0123abcd.MP4")) == "job7-2.mp4"


@pytest.mark.parametrize("name", ["x", "x.unknown_video", "x.mp4 ", "x.", "x.m/p4", "x.ümp"])
def test_a_suffix_that_is_none_is_replaced(name: str) -> None:
    assert names.suffix(Path(name)) == ".video"
