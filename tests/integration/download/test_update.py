"""Newer editions of yt-dlp: installed from a package index, tried, taken, and given up again."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipmill.outcome import ToolError
from clipmill_download import update
from clipmill_download.editions import Editions, in_folder, packaged
from tests.rig.package_index import Index

BROKEN = "raise RuntimeError('this edition is broken')"
FORGETFUL = "YoutubeDL.process_info = lambda self, info: None"  # all seems well, and nothing comes home


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The one that pip asks."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "index"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = tmp_path / "home/.config/pip/pip.conf"
        config.parent.mkdir(parents=True)
        # compiling 900 extractors, as it is done for workers, takes a while
        lines = ("[global]", f"index-url = http://127.0.0.1:{server.server_port}/simple", "no-compile = true", "")
        config.write_text("\n".join(lines))
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        yield Index(tmp_path / "index")
        server.shutdown()


@pytest.fixture
def editions(tmp_path: Path) -> Editions:
    (tmp_path / "editions").mkdir()
    return Editions(tmp_path / "editions")


def test_a_newer_edition_that_works_is_taken_and_one_that_fails_its_test_is_not(
    index: Index, editions: Editions, tmp_path: Path
) -> None:
    index.offer("2099.1.1")
    update.refresh(editions)
    for spoilt in (BROKEN, FORGETFUL):
        index.offer("2099.1.2", spoilt=spoilt)
        with pytest.raises(ToolError):
            update.refresh(editions)
        assert editions.version == "2099.1.1"
        assert {path.name for path in (tmp_path / "editions").iterdir()} == {"current", "2099.1.1"}
    index.offer("2099.1.3")
    update.refresh(editions)
    assert editions.current
    assert in_folder(editions.current) == editions.version == "2099.1.3"


def test_a_file_that_has_not_the_hash_that_the_index_tells_is_not_taken(
    index: Index, editions: Editions, caplog: pytest.LogCaptureFixture
) -> None:
    index.offer("2099.1.1", honest=False)
    with pytest.raises(ToolError):
        update.refresh(editions)
    assert "DO NOT MATCH THE HASHES" in caplog.text
    assert editions.current is None
    assert editions.version == packaged()


def test_an_edition_that_does_not_work_any_more_is_given_up_and_what_is_no_newer_is_left(
    index: Index, editions: Editions
) -> None:
    index.offer("2099.1.1")
    update.refresh(editions)
    assert editions.current
    with (editions.current / "yt_dlp/YoutubeDL.py").open("a") as code:
        code.write(f"\n{BROKEN}\n")
    index.offer("2020.1.1")
    update.refresh(editions)
    assert editions.current is None
