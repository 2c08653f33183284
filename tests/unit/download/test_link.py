"""What is a link."""

import pytest

from clipmill_download.link import mistake


@pytest.mark.parametrize(
    "link",
    [
        "http://example.com/video.mp4",
        "https://example.com",
        "HTTPS://Example.com/ä?q=1#t=3",
        "http://user:word@[::1]:8080/x",
        "  https://example.com/with/blanks/around \n",
    ],
)
def test_a_web_address_is_a_link(link: str) -> None:
    assert mistake(link) is None


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (None, "neither a link nor a file"),
        ("", "neither a link nor a file"),
        ("  ", "neither a link nor a file"),
        ("video", "http://"),
        ("example.com/video.mp4", "http://"),
        ("ftp://example.com/video.mp4", "http://"),
        ("file:///etc/passwd", "http://"),
        ("ytsearch:cats", "http://"),
        ("-o/etc/passwd", "http://"),
        ("http://", "names no host"),
        ("http:///path", "names no host"),
        ("http://exa mple.com/", "space"),
        ("http://example.com/\x00", "control character"),
        ("http://example.com:99999/", "is no link"),
        ("http://[::1/", "is no link"),
    ],
)
def test_anything_else_is_refused_with_the_reason(link: str | None, words: str) -> None:
    assert words in (mistake(link) or "")


def test_a_link_that_goes_on_for_ever_is_not_repeated_whole() -> None:
    assert len(mistake("x" * 100_000) or "") < 400
