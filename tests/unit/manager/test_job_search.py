"""Searching the history: filters, pages, and a bound on what is looked through."""

from pathlib import Path
from typing import Any

import pytest

from clipmill_manager import job_search, query
from clipmill_manager.job_search import Page, Search
from clipmill_manager.query import BadQuery
from tests.unit.manager.telling import error, progress, result
from tests.unit.manager.test_history import Book


@pytest.fixture
def book(tmp_path: Path) -> Book:
    book = Book(tmp_path / "history.db")
    book.tell(
        *(result(1_000 * n, f"good{n}/download/0") for n in range(5)),
        *(error(1_000 * n, f"bad{n}/download/0", f"HTTP 40{n}: 50% gone") for n in range(5)),
        progress(9_000, "open1/download/0"),
    )
    return book


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"state": "failed", "reason": "404"}, ["bad4"]),
        ({"reason": "0% g"}, ["bad4", "bad3", "bad2", "bad1", "bad0"]),
        ({"reason": "_"}, []),  # a text, no pattern
        ({"sender": "user123", "since": 4_000}, ["bad4", "good4"]),
        ({"sender": "nobody"}, []),
        ({"site": "host", "state": "succeeded", "until": 1_000}, ["good1", "good0"]),
        ({"service": "download", "until": 0}, ["bad0"]),
        ({"state": "open"}, ["open1"]),
    ],
)
def test_jobs_are_found_by_what_they_are(book: Book, wanted: dict[str, Any], found: list[str]) -> None:
    assert _names(book.search(50, **wanted)) == found


def test_pages_follow_one_another_without_gap_or_repetition(book: Book) -> None:
    whole, pages, after = _names(book.search(50)), [], None
    while True:
        page = book.search(3, after=after)
        pages += _names(page)
        if page.next is None:
            break
        after = query.search({"after": page.next}).after
    assert pages == whole
    assert len(whole) == 11


def test_no_more_is_looked_through_than_the_bound_and_the_rest_is_on_the_next_page(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_search, "LOOKED_THROUGH", 4)
    first = book.search(50, reason="HTTP 400")
    assert (_names(first), first.next is not None) == ([], True)
    found, after = [], query.search({"after": first.next or ""}).after
    while after:
        page = book.search(50, reason="HTTP 400", after=after)
        found += _names(page)
        after = query.search({"after": page.next}).after if page.next else None
    assert found == ["bad0"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"state": "purple"}, "no such state; there are: open, succeeded"),
        ({"service": "x" * 10_000}, "no such service; there are: download"),
        ({"sender": "x" * 10_000}, "sender must be a text of 200 characters at most"),
        ({"reason": "a\0b"}, "reason must be"),
        ({"since": "yesterday"}, "since must be milliseconds"),
        ({"until": "9" * 40}, "until must be milliseconds"),
        ({"after": "1"}, "after must be what"),
        ({"after": "٣.٤"}, "after must be what"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(BadQuery, match=says):
        query.search(given)


def test_an_empty_filter_is_none() -> None:
    assert query.search({"state": "", "sender": " "}) == Search()


def _names(page: Page) -> list[str]:
    return [line.job_id for line in page.jobs]
