"""Links that lead to videos: files, HLS, DASH, lists of them, and what becomes of them in the store."""

import hashlib
from pathlib import Path

import pytest

from clipmill.outcome import Done
from clipmill.probe import probe
from tests.integration.download.attempt import attempt
from tests.integration.download.feed import feed
from tests.media import clips
from tests.media.server import Behaviour, Server


def test_a_plain_file_arrives_as_it_is_and_is_named_after_its_job(site: Server, store: Path) -> None:
    original = clips.clip(site.folder, "A title — with ümläuts & 100%.mp4")
    done = attempt(store, site.url("A%20title%20%E2%80%94%20with%20%C3%BCml%C3%A4uts%20&%20100%25.mp4"))
    assert [file.name for file in done.files] == ["job-1.mp4"]
    assert done.files[0].read_bytes() == original.read_bytes()


def test_an_artifact_tells_where_it_is_from_and_what_it_is(site: Server, store: Path) -> None:
    original = clips.clip(site.folder)
    outcome = attempt(store, site.url("clip.mp4")).outcome
    assert isinstance(outcome, Done)
    (artifact,) = outcome.artifacts
    assert artifact.file_path == "jobs/job/download/0/job-1.mp4"
    assert artifact.bytes == original.stat().st_size
    assert artifact.sha256 == hashlib.sha256(original.read_bytes()).hexdigest()
    url = site.url("clip.mp4")
    expected = {"title": "clip", "webpageUrl": url, "site": "Generic", "seconds": 2.0, "width": 160, "height": 90}
    assert artifact.about == expected


@pytest.mark.parametrize("name", ["clip.mkv", "clip.webm", "clip.ts", "clip.mov", "clip"])
def test_other_containers_arrive_too_also_without_a_suffix(site: Server, store: Path, name: str) -> None:
    codecs = ("-c:v", "libvpx", "-c:a", "libopus") if name.endswith("webm") else (*clips.H264, *clips.AAC)
    made = clips.clip(site.folder, name if "." in name else "clip.mp4", codecs=codecs)
    made.rename(site.folder / name)
    done = attempt(store, site.url(name))
    assert done.files[0].read_bytes() == (site.folder / name).read_bytes()
    assert done.files[0].suffix == (Path(name).suffix or ".video")


def test_hls_arrives_as_one_mp4_with_nothing_missing(site: Server, store: Path) -> None:
    clips.hls(site.folder, seconds=4)
    done = attempt(store, site.url("index.m3u8"))
    look = probe(done.files[0])
    assert look.format.startswith("mov")
    assert look.seconds == pytest.approx(4, abs=0.1)
    assert len(look.audio) == 1


def test_dash_arrives_merged_from_picture_and_sound(site: Server, store: Path) -> None:
    clips.dash(site.folder, seconds=4)
    done = attempt(store, site.url("manifest.mpd"))
    look = probe(done.files[0])
    assert look.seconds == pytest.approx(4, abs=0.1)
    assert (look.video.codec, [track.codec for track in look.audio]) == ("h264", ["aac"])
    assert done.progress[-1][0] == 99


def test_a_redirect_is_followed(site: Server, store: Path) -> None:
    clips.clip(site.folder)
    site.redirect("/moved.mp4", site.url("clip.mp4"))
    assert len(attempt(store, site.url("moved.mp4")).files) == 1


def test_a_page_with_a_video_in_it_is_searched(site: Server, store: Path) -> None:
    clips.clip(site.folder)
    (site.folder / "page.html").write_text('<html><title>Page</title><video><source src="/clip.mp4"></video></html>')
    assert len(attempt(store, site.url("page.html")).files) == 1


def test_every_entry_of_a_list_is_an_artifact_in_its_order(site: Server, store: Path) -> None:
    for number in (1, 2, 3):
        clips.clip(site.folder / str(number), "clip.mp4", seconds=number)
    done = attempt(store, feed(site, "3/clip.mp4", "1/clip.mp4", "2/clip.mp4"))
    assert [file.name for file in done.files] == ["job-1.mp4", "job-2.mp4", "job-3.mp4"]
    assert [round(probe(file).seconds) for file in done.files] == [3, 1, 2]


def test_a_list_keeps_what_there_is_and_tells_the_log_what_is_not(
    site: Server, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clips.clip(site.folder)
    (site.folder / "text.mp4").write_text("no video")
    done = attempt(store, feed(site, "gone.mp4", "clip.mp4", "text.mp4"))
    assert len(done.files) == 1
    assert "404" in caplog.text
    assert "no video file" in caplog.text


def test_a_list_of_which_nothing_is_there_ends_for_the_first_reason(site: Server, store: Path) -> None:
    site.rules["/private.mp4"] = Behaviour(status=401)
    done = attempt(store, feed(site, "private.mp4", "gone.mp4"))
    assert done.reason == "the site says 401: it asks for a login"


def test_progress_rises_over_the_files_of_a_list(site: Server, store: Path) -> None:
    clips.clip(site.folder)
    percents = [percent for percent, _ in attempt(store, feed(site, *["clip.mp4"] * 4)).progress]
    assert percents == sorted(percents)
    assert percents[-1] == 99


def test_nothing_is_printed_and_no_secret_of_the_environment_is_used(
    site: Server, store: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the environment would fetch for us what the guard denies."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    clips.hls(site.folder)
    assert len(attempt(store, site.url("index.m3u8")).files) == 1
    assert capfd.readouterr() == ("", "")


def test_nothing_is_written_outside_the_workspace(
    site: Server, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.chdir(home)
    clips.dash(site.folder)
    done = attempt(store, site.url("manifest.mpd"))
    assert list(home.iterdir()) == []
    assert [path.name for path in store.iterdir()] == ["work"]
    assert [path.name for path in (store / "work").iterdir()] == [done.workspace.name]
