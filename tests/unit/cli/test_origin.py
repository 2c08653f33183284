"""A link, a file, or a refusal that says why."""

import os
from pathlib import Path

import pytest

from clipmill_cli import origin
from clipmill_cli.origin import File, Link
from clipmill_cli.trouble import Status, Trouble


def test_links_and_files_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "video.mp4"
    file.write_bytes(b"x")
    assert origin.read(["https://example.org/a", str(file)]) == [Link("https://example.org/a"), File(file)]


def test_a_file_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that looks like a link: what is here is meant."""
    monkeypatch.chdir(tmp_path)
    Path("https:").mkdir()
    Path("https:/example.org").write_bytes(b"x")
    assert origin.read(["https://example.org"]) == [File(Path("https://example.org"))]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.touch(), "is empty"),
        (os.mkfifo, "is no regular file"),
        (lambda path: path.symlink_to("nowhere"), "is no regular file"),
        (lambda path: None, "is neither a file that is here nor a link"),
    ],
)
def test_what_is_no_video_file_is_refused(tmp_path: Path, make, reason: str) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "video.mp4")
    with pytest.raises(Trouble, match=reason) as refused:
        origin.read([str(tmp_path / "video.mp4")])
    assert refused.value.status is Status.USAGE


@pytest.mark.parametrize(
    "text", ["file:///etc/passwd", "ftp://host/video", "http://", "http://host:99999/", "http://a b/"]
)
def test_what_cannot_be_followed_is_refused(text: str) -> None:
    with pytest.raises(Trouble, match="no link"):
        origin.read([text])


def test_what_is_shown_of_it_does_not_steer_the_terminal() -> None:
    with pytest.raises(Trouble) as refused:
        origin.read(["\x1b[2Jgone.mp4"])
    assert "\x1b" not in str(refused.value)
