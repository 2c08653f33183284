"""What is kept of what a site says."""

from clipmill_download.about import about


def test_what_a_site_says_is_kept_under_our_names() -> None:
    info = {
        "title": "A cat",
        "channel": "cats",
        "webpage_url": "https://x/1",
        "extractor_key": "Youtube",
        "formats": [1],
    }
    assert about(info) == {"title": "A cat", "uploader": "cats", "webpageUrl": "https://x/1", "site": "Youtube"}


def test_what_a_site_does_not_say_is_left_out() -> None:
    assert about({"title": None, "uploader": 7, "upload_date": ""}) == {}


def test_a_hostile_title_is_one_line_of_bounded_length() -> None:
    title = about({"title": "a\nb\x1b[31mc\x00 " + "d" * 10_000})["title"]
    assert isinstance(title, str)
    assert title.startswith("a b [31mc d")
    assert len(title) == 500
