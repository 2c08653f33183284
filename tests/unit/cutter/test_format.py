"""Parts are mp4 for phones, and otherwise stay in the family of their source."""

from dataclasses import replace
from pathlib import Path

import pytest

from clipmill.probe import Probe
from clipmill_cutter.format import of_parts, suffix_untouched
from tests.unit.cutter.test_kind import PHONE, SOUND, VIDEO

MATROSKA = replace(PHONE, format="matroska,webm", brand="")
VP9 = replace(MATROSKA, video=replace(VIDEO, codec="vp9"), audio=(replace(SOUND, codec="opus"),))


@pytest.mark.parametrize(
    ("found", "name", "suffix"),
    [
        (PHONE, "a.mp4", ".mp4"),
        (replace(PHONE, brand="qt"), "a.mov", ".mov"),
        (replace(PHONE, audio=(replace(SOUND, codec="pcm_s16le"),)), "a.mp4", ".mov"),
        (MATROSKA, "a.mkv", ".mkv"),
        (VP9, "a.webm", ".webm"),
        (VP9, "a.mkv", ".mkv"),
        (replace(VP9, subtitles=("subrip",)), "a.webm", ".mkv"),
        (replace(PHONE, format="mpegts", brand=""), "a.ts", ".mp4"),
        (replace(PHONE, format="avi", brand="", audio=(replace(SOUND, codec="pcm_s16le"),)), "a.avi", ".mkv"),
    ],
)
def test_an_archive_stays_in_its_container_where_that_is_a_good_one(found: Probe, name: str, suffix: str) -> None:
    assert of_parts(found, Path(name), phone=False).suffix == suffix
    assert of_parts(found, Path(name), phone=True).suffix == ".mp4"


@pytest.mark.parametrize(("name", "suffix"), [("a.MTS", ".mts"), ("a.TS", ".ts"), ("a.exe", ".mp4"), ("a", ".mp4")])
def test_what_is_passed_on_keeps_a_suffix_that_is_one(name: str, suffix: str) -> None:
    assert suffix_untouched(Path(name), of_parts(PHONE, Path(name), phone=True)) == suffix
