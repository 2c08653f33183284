"""A part has the chapters that are open in it, on its own clock."""

from fractions import Fraction
from typing import Any

from clipmill_cutter.chapters import within


def chapter(start: int, end: int, title: str) -> dict[str, Any]:
    return {"id": 9, "start": start, "end": end, "time_base": Fraction(1), "metadata": {"title": title}}


CHAPTERS = [chapter(0, 10, "One"), chapter(10, 40, "Two"), chapter(40, 60, "Three")]


def titles(start: int, end: int) -> list[tuple[str, int, int]]:
    found = within(CHAPTERS, Fraction(start), Fraction(end))
    assert [one["id"] for one in found] == list(range(len(found)))
    return [(one["metadata"]["title"], one["start"], one["end"]) for one in found]


def test_chapters_are_clipped_to_the_part() -> None:
    assert titles(5, 30) == [("One", 0, 5000), ("Two", 5000, 25000)]
    assert titles(30, 60) == [("Two", 0, 10000), ("Three", 10000, 30000)]


def test_a_chapter_that_ends_where_the_part_begins_is_none_of_it() -> None:
    assert titles(10, 20) == [("Two", 0, 10000)]
    assert titles(60, 70) == []
