"""What the cutter answers besides right parts: names, progress, links, and a clear no to what cannot be cut."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clipmill.messages import Step
from clipmill.outcome import Done, Reject, Retry
from clipmill.probe import probe
from clipmill.store import Store
from tests.integration.cutter.attempt import LIMIT, Attempt, attempt
from tests.integration.cutter.sources import closed, resized
from tests.media import clips
from tests.rig.program import run


def refused(done: Attempt, *causes: str) -> str:
    assert isinstance(done.outcome, Reject), done.outcome
    assert done.outcome.cause in causes
    return done.outcome.reason


def test_parts_are_named_and_described_in_order(tmp_path: Path) -> None:
    done = attempt(tmp_path, closed(tmp_path), about={"title": "A film", "uploader": "Someone"})
    assert [part.name for part in done.parts] == ["part-001.mp4", "part-002.mp4", "part-003.mp4"]
    expected = [(1, 8.0), (2, 8.0), (3, 9.0)]
    for artifact, (number, seconds) in zip(done.artifacts, expected, strict=True):
        about = {"part": number, "parts": 3, "seconds": seconds, "width": 320, "height": 180, "title": "A film"}
        assert artifact.about == about


def test_parts_can_be_committed(tmp_path: Path) -> None:
    done = attempt(tmp_path, closed(tmp_path))
    store = Store(tmp_path)
    assert isinstance(done.outcome, Done)
    step = Step(job_id="job", id="job/cutter/0")
    store.commit(step, done.outcome)
    assert all(store.path(artifact.file_path).stat().st_size == artifact.bytes for artifact in done.artifacts)
    assert store.done(step) == done.outcome


def test_progress_grows_to_the_end(tmp_path: Path) -> None:
    done = attempt(tmp_path, closed(tmp_path))
    percents = [percent for percent, _ in done.progress]
    assert percents == sorted(set(percents))
    assert percents[0] == 0
    assert percents[-1] >= 99


def test_parts_are_as_short_as_the_sender_wishes(tmp_path: Path) -> None:
    done = attempt(tmp_path, closed(tmp_path), partSeconds=3)
    assert [artifact.about["seconds"] for artifact in done.artifacts] == pytest.approx([8 / 3] * 9 + [1], abs=0.001)


@pytest.mark.parametrize("wish", ["30", 0, 90000, True, None])
def test_a_wish_that_is_no_length_is_refused(tmp_path: Path, wish: Any) -> None:
    done = attempt(tmp_path, closed(tmp_path), partSeconds=wish)
    assert "partSeconds" in refused(done, "malformed")


def test_a_source_short_enough_is_its_own_part_untouched(tmp_path: Path) -> None:
    source = clips.clip(tmp_path, seconds=3)
    done = attempt(tmp_path, source)
    assert [part.name for part in done.parts] == ["part-001.mp4"]
    assert done.parts[0].samefile(source)


def test_a_part_that_is_the_source_itself_is_never_written_over(tmp_path: Path) -> None:
    """An attempt that died left the source as its part; the next one, with another limit, writes parts anew."""
    source = closed(tmp_path)
    content = source.read_bytes()
    attempt(tmp_path, source, partSeconds=60)
    done = attempt(tmp_path, source)
    assert len(done.parts) == 3
    assert source.read_bytes() == content


def test_a_short_source_of_another_kind_becomes_a_part_that_phones_play(tmp_path: Path) -> None:
    vp9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus")
    done = attempt(tmp_path, clips.clip(tmp_path, "short.webm", seconds=3, codecs=vp9))
    found = probe(done.parts[0])
    assert len(done.parts) == 1
    assert (found.video.codec, found.video.pix_fmt, found.audio[0].codec) == ("h264", "yuv420p", "aac")
    assert found.brand == "isom"


def test_an_attempt_after_a_crash_does_not_encode_again(tmp_path: Path) -> None:
    source = clips.clip(tmp_path, "s.webm", seconds=3, codecs=("-c:v", "libvpx", "-deadline", "realtime"), sound=False)
    first = attempt(tmp_path, source)
    encoded = next(first.workspace.glob("*-encoded.mp4"))
    before = encoded.stat().st_mtime_ns
    (first.workspace / "10s-encoded.unfinished.mp4").write_bytes(b"half a file")
    second = attempt(tmp_path, source)
    assert second.outcome == first.outcome
    assert encoded.stat().st_mtime_ns == before
    assert not list(first.workspace.glob("*.unfinished.mp4"))


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """What a full disk is to a writer, without filling one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_is_not_the_sources_fault(tmp_path: Path) -> None:
    source = closed(tmp_path)
    with files_of_at_most(20_000):
        failed = attempt(tmp_path, source)
    assert isinstance(failed.outcome, Retry), failed.outcome
    assert len(attempt(tmp_path, source).parts) == 3


def test_an_encoded_copy_that_is_damaged_is_made_again_by_the_next_attempt(tmp_path: Path) -> None:
    source = clips.clip(tmp_path, "s.webm", seconds=3, codecs=("-c:v", "libvpx", "-deadline", "realtime"), sound=False)
    encoded = next(attempt(tmp_path, source).workspace.glob("*-encoded.mp4"))
    encoded.write_bytes(encoded.read_bytes()[:2000])
    failed = attempt(tmp_path, source)
    assert isinstance(failed.outcome, Retry)
    assert isinstance(attempt(tmp_path, source).outcome, Done)


def test_a_picture_that_stands_longer_than_a_part_is_refused(tmp_path: Path) -> None:
    slow = tmp_path / "slides.mp4"
    slides = f"testsrc2=size=160x90:rate=1/{LIMIT * 2:g}:duration=60"
    run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", slides, str(slow)])
    assert "longer than a part" in refused(attempt(tmp_path, slow), "unsupported")


@pytest.mark.parametrize("profile", ["whatsapp", "archive"])
def test_a_picture_whose_size_changes_gets_one_size(tmp_path: Path, profile: str) -> None:
    """The judge cannot read numbers that were scaled: the pictures are counted."""
    done = attempt(tmp_path, resized(tmp_path), profile=profile)
    sizes = [(probe(part).video.width, probe(part).video.height) for part in done.parts]
    assert set(sizes) == {(400, 224)}
    assert sum(_decoded(part) for part in done.parts) == 600


def _decoded(part: Path) -> int:
    words = [
        "ffprobe",
        "-v",
        "error",
        "-select_streams",
        "v",
        "-count_frames",
        "-show_entries",
        "stream=nb_read_frames",
    ]
    return int(run([*words, "-of", "csv=p=0", str(part)]).strip().rstrip(","))


def test_sound_without_a_picture_is_refused(tmp_path: Path) -> None:
    song = clips.clip(tmp_path, "song.m4a", picture=False, codecs=("-c:a", "aac"))
    assert "no video" in refused(attempt(tmp_path, song), "unsupported")


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, share: float) -> None:
    """Its index promises more pictures than are there: to deliver the rest would look like the whole."""
    whole = tmp_path / "whole.mp4"
    run(["ffmpeg", "-v", "error", "-i", str(closed(tmp_path)), "-c", "copy", "-movflags", "faststart", str(whole)])
    source = tmp_path / "truncated.mp4"
    source.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    assert "cut short" in refused(attempt(tmp_path, source), "corrupt")


@pytest.mark.parametrize("content", [b"hello\n", b"<html></html>", os.urandom(50_000), b"#EXTM3U\n#EXTINF:1,\nx.ts\n"])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "video.mp4"
    source.write_bytes(content)
    assert "not a video that can be used" in refused(attempt(tmp_path, source), "corrupt", "unsupported")


def test_a_playlist_named_as_a_video_opens_no_other_file(tmp_path: Path) -> None:
    """The neighbour is a FIFO: whoever opened it would wait until the test times out."""
    os.mkfifo(tmp_path / "x.ts")
    source = tmp_path / "video.mp4"
    source.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nx.ts\n#EXT-X-ENDLIST\n")
    refused(attempt(tmp_path, source), "corrupt", "unsupported")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "video.mp4"
    source.touch()
    assert "empty" in refused(attempt(tmp_path, source), "corrupt")
