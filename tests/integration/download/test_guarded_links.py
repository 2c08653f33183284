"""Links that would lead into denied networks: stopped at the socket, however they get there."""

from pathlib import Path

import pytest

from clipmill.outcome import Done, Reject, Retry
from tests.integration.download.attempt import attempt
from tests.media import clips
from tests.media.server import Server

DENIED = Reject("127.0.0.1 lies in loopback, which DOWNLOAD_DENY_NETWORKS denies", "denied")
# Loopback without 127.0.0.1, where the links of these tests begin.
OTHERS = "127.0.0.2/31"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
def test_every_spelling_of_a_denied_address_is_stopped(site: Server, store: Path, host: str) -> None:
    clips.clip(site.folder)
    assert attempt(store, site.url("clip.mp4", host=host), DOWNLOAD_DENY_NETWORKS="loopback").outcome == DENIED
    assert site.requests == []


@pytest.mark.parametrize("host", ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::1]"])
def test_what_ends_on_a_denied_address_is_stopped(site: Server, store: Path, host: str) -> None:
    clips.clip(site.folder)
    got = attempt(store, site.url("clip.mp4", host=host), DOWNLOAD_DENY_NETWORKS="loopback").outcome
    assert isinstance(got, Reject)
    assert got.reason.endswith("lies in loopback, which DOWNLOAD_DENY_NETWORKS denies")
    assert site.requests == []


def test_a_redirect_into_a_denied_network_is_stopped(site: Server, store: Path) -> None:
    clips.clip(site.folder)
    site.redirect("/open.mp4", site.url("clip.mp4", host="127.0.0.2"))
    got = attempt(store, site.url("open.mp4"), DOWNLOAD_DENY_NETWORKS=OTHERS).outcome
    assert got == Reject("127.0.0.2 lies in 127.0.0.2/31, which DOWNLOAD_DENY_NETWORKS denies", "denied")
    assert [request.path for request in site.requests] == ["/open.mp4"]


def test_a_segment_in_a_denied_network_is_stopped(site: Server, store: Path) -> None:
    playlist = clips.hls(site.folder)
    playlist.write_text(playlist.read_text().replace("index2.ts", site.url("index2.ts", host="127.0.0.2")))
    got = attempt(store, site.url("index.m3u8"), DOWNLOAD_DENY_NETWORKS=OTHERS).outcome
    assert isinstance(got, Reject)
    assert got.cause == "denied"
    assert site.sent("/index2.ts") == 0


def test_a_playlist_of_a_playlist_in_a_denied_network_is_stopped(site: Server, store: Path) -> None:
    clips.hls(site.folder)
    inner = site.url("index.m3u8", host="127.0.0.2")
    (site.folder / "master.m3u8").write_text(f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{inner}\n")
    got = attempt(store, site.url("master.m3u8"), DOWNLOAD_DENY_NETWORKS=OTHERS).outcome
    assert isinstance(got, Reject)
    assert got.cause == "denied"
    assert site.sent("/index.m3u8") == 0


def test_an_embed_of_a_page_in_a_denied_network_is_stopped(site: Server, store: Path) -> None:
    clips.clip(site.folder)
    source = site.url("clip.mp4", host="127.0.0.2")
    (site.folder / "page.html").write_text(f'<html><title>Page</title><video><source src="{source}"></video></html>')
    got = attempt(store, site.url("page.html"), DOWNLOAD_DENY_NETWORKS=OTHERS).outcome
    assert isinstance(got, Reject)
    assert got.cause == "denied"
    assert site.sent("/clip.mp4") == 0


def test_what_is_not_denied_is_fetched_as_ever(site: Server, store: Path) -> None:
    clips.clip(site.folder)
    assert isinstance(attempt(store, site.url("clip.mp4"), DOWNLOAD_DENY_NETWORKS=OTHERS).outcome, Done)


def test_the_metadata_of_a_cloud_is_denied_without_any_setting(store: Path) -> None:
    got = attempt(store, "http://169.254.169.254/latest/meta-data/").outcome
    assert got == Reject("169.254.169.254 lies in link-local, which DOWNLOAD_DENY_NETWORKS denies", "denied")


def test_the_guard_is_gone_after_the_attempt(site: Server, store: Path) -> None:
    clips.clip(site.folder)
    attempt(store, site.url("clip.mp4"), DOWNLOAD_DENY_NETWORKS="loopback")
    assert not isinstance(attempt(store, site.url("clip.mp4")).outcome, Reject | Retry)
