"""Links that lead to no video: each ends as an outcome with a cause and a reason that a person understands."""

import socket
import time
from pathlib import Path

import pytest

from clipmill.outcome import Reject, Retry
from tests.integration.download.attempt import attempt
from tests.media import clips
from tests.media.server import Behaviour, Server


@pytest.mark.parametrize(
    ("status", "outcome", "cause"),
    [
        (401, Reject, "private"),
        (403, Reject, "private"),
        (404, Reject, "gone"),
        (410, Reject, "gone"),
        (451, Reject, "blocked"),
        (429, Retry, "limited"),
        (500, Retry, "network"),
        (503, Retry, "network"),
    ],
)
def test_a_status_is_told_and_decides(site: Server, store: Path, status: int, outcome: type, cause: str) -> None:
    site.rules["/video.mp4"] = Behaviour(status=status)
    got = attempt(store, site.url("video.mp4")).outcome
    assert isinstance(got, Retry | Reject)
    assert (type(got), got.cause) == (outcome, cause)
    assert f"the site says {status}: " in got.reason


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_is_obeyed(site: Server, store: Path, status: int) -> None:
    site.rules["/video.mp4"] = Behaviour(status=status, headers={"Retry-After": "120"})
    got = attempt(store, site.url("video.mp4")).outcome
    assert isinstance(got, Retry)
    assert got.not_before == pytest.approx(time.time() * 1000 + 120_000, abs=10_000)


def test_a_retry_after_of_a_segment_is_obeyed(site: Server, store: Path) -> None:
    """By the time a fragment has failed for good, yt-dlp has dropped the exception: only its words are left."""
    clips.hls(site.folder)
    site.rules["/index2.ts"] = Behaviour(status=429, headers={"Retry-After": "120"})
    got = attempt(store, site.url("index.m3u8")).outcome
    assert isinstance(got, Retry)
    assert got.cause == "limited"
    assert got.not_before == pytest.approx(time.time() * 1000 + 120_000, abs=10_000)


def test_a_stream_with_a_hole_is_no_video(site: Server, store: Path) -> None:
    clips.hls(site.folder)
    (site.folder / "index2.ts").unlink()
    got = attempt(store, site.url("index.m3u8")).outcome
    assert got == Reject("the site says 404: there is nothing at this link", "gone")


def test_a_port_where_nobody_listens_is_tried_again(store: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    got = attempt(store, f"http://127.0.0.1:{port}/video.mp4").outcome
    assert got == Retry("the site refused the connection: nobody listens there", "network")


def test_a_name_that_does_not_resolve_is_tried_again(store: Path) -> None:
    got = attempt(store, "http://nowhere.invalid/video.mp4").outcome
    assert got == Retry("the site's name is unknown", "network")


def test_a_connection_that_breaks_off_again_and_again_is_tried_later(site: Server, store: Path) -> None:
    clips.noise(site.folder)
    site.rules["/noise.mp4"] = Behaviour(cut_after=200_000)
    got = attempt(store, site.url("noise.mp4")).outcome
    assert got == Retry("the file broke off", "network")


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("page.html", b"<html><body>Nothing to see</body></html>", "unsupported"),
        ("page.mp4", b"<html><body>Nothing to see</body></html>", "corrupt"),
        ("text.txt", b"Nothing to see\n" * 100, "corrupt"),
        ("program.exe", b"MZ" + bytes(4000), "corrupt"),
        ("empty.mp4", b"", "corrupt"),
        ("playlist.mp4", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n", "corrupt"),
        ("concat.mp4", b"ffconcat version 1.0\nfile /etc/hostname\n", "unsupported"),
    ],
)
def test_a_file_that_is_no_video_is_rejected(site: Server, store: Path, name: str, content: bytes, cause: str) -> None:
    (site.folder / name).write_bytes(content)
    got = attempt(store, site.url(name)).outcome
    assert isinstance(got, Reject)
    assert got.cause == cause


def test_a_picture_and_a_sound_are_no_videos(site: Server, store: Path) -> None:
    clips.clip(site.folder, "sound.mp3", picture=False, codecs=("-c:a", "libmp3lame"))
    clips.clip(site.folder, "picture.png", sound=False, codecs=("-frames:v", "1"))
    for name in ("sound.mp3", "picture.png"):
        got = attempt(store, site.url(name)).outcome
        assert isinstance(got, Reject)
        assert got.cause == "unsupported"


def test_a_link_that_leads_in_a_circle_is_rejected(site: Server, store: Path) -> None:
    site.redirect("/a.mp4", site.url("b.mp4"))
    site.redirect("/b.mp4", site.url("a.mp4"))
    assert attempt(store, site.url("a.mp4")).reason == "the link leads round in a circle"


def test_a_live_stream_is_rejected_and_not_recorded_by_ffmpeg(site: Server, store: Path) -> None:
    playlist = clips.hls(site.folder)
    endless = playlist.read_text().replace("#EXT-X-ENDLIST", "").replace("#EXT-X-PLAYLIST-TYPE:VOD", "")
    playlist.write_text(endless)
    got = attempt(store, site.url("index.m3u8")).outcome
    assert got == Reject("it is a live stream, or one of a kind that is not supported", "unsupported")
    assert not any("Lavf" in request.headers.get("User-Agent", "") for request in site.requests)


def test_a_stream_under_drm_is_rejected(site: Server, store: Path) -> None:
    playlist = clips.hls(site.folder)
    key = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.apple.streamingkeydelivery"\n#EXTINF'
    playlist.write_text(playlist.read_text().replace("#EXTINF", key, 1))
    got = attempt(store, site.url("index.m3u8")).outcome
    assert isinstance(got, Reject)
    assert got.cause == "drm"


@pytest.mark.parametrize("link", [None, "", "no link", "file:///etc/passwd", "ytsearch:cats", "http://"])
def test_what_is_no_link_is_malformed(store: Path, link: str | None) -> None:
    got = attempt(store, link).outcome
    assert isinstance(got, Reject)
    assert got.cause == "malformed"


def test_streams_to_merge_that_are_playlists_open_no_file_of_ours(site: Server, store: Path) -> None:
    """A playlist named as a video makes ffmpeg read what it names; here it names another job's file."""
    secret = clips.clip(store / "jobs", "secret.mp4")
    manifest = clips.dash(site.folder)
    for stream in (0, 1):
        bait = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n"
        (site.folder / f"init-stream{stream}.m4s").write_text(bait)
        for chunk in site.folder.glob(f"chunk-stream{stream}-*.m4s"):
            chunk.write_text("\n")
    got = attempt(store, site.url(manifest.name)).outcome
    assert isinstance(got, Reject)
    assert got.cause == "corrupt"
