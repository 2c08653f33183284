"""Previews of every kind of source: small, short, playable on any phone, from all over it; and a poster."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from clipmill.outcome import Reject
from clipmill.probe import probe
from tests.integration.preview.attempt import attempt
from tests.media import clips
from tests.media.counted import AAC, H264, counted, numbers
from tests.rig.program import run

HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus")
YUV444 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p")

SOURCES: dict[str, tuple[Callable[[Path], Path], tuple[int, int], float]] = {
    "short": (lambda f: clips.clip(f, seconds=3), (160, 90), 3),
    "long": (lambda f: clips.clip(f, seconds=30), (160, 90), 8),
    "large": (lambda f: clips.clip(f, seconds=2, size="1280x720"), (852, 480), 2),
    "turned": (lambda f: clips.turned(clips.clip(f, seconds=2), "turned.mp4"), (90, 160), 2),
    "10 bits": (lambda f: clips.clip(f, seconds=2, codecs=(*HEVC, *AAC)), (160, 90), 2),
    "4:4:4, odd": (lambda f: clips.clip(f, "c.mkv", seconds=2, size="161x91", codecs=(*YUV444, *AAC)), (160, 90), 2),
    "VP9 in WebM": (lambda f: clips.clip(f, "c.webm", seconds=26, codecs=VP9), (160, 90), 8),
    "MPEG-4 in AVI": (lambda f: clips.clip(f, "c.avi", seconds=26, codecs=("-c:v", "mpeg4")), (160, 90), 8),
    "MPEG-TS": (lambda f: clips.clip(f, "c.ts", seconds=26), (160, 90), 8),
    "no sound": (lambda f: clips.clip(f, seconds=26, sound=False, codecs=clips.H264), (160, 90), 8),
    "one GOP": (lambda f: clips.clip(f, seconds=26, codecs=(*clips.H264, "-g", "9999", *clips.AAC)), (160, 90), 8),
    "50 a second": (lambda f: counted(f, "c.mp4", *H264, *AAC, rate="50", seconds=5), (320, 180), 5),
}


@pytest.mark.parametrize(("make", "size", "seconds"), SOURCES.values(), ids=SOURCES.keys())
def test_a_preview_plays_on_any_phone(
    make: Callable[[Path], Path], size: tuple[int, int], seconds: float, tmp_path: Path
) -> None:
    source = make(tmp_path)
    done = attempt(tmp_path, source)
    found = probe(done.preview)
    assert (found.video.codec, found.video.profile, found.video.pix_fmt) == ("h264", "Main", "yuv420p")
    assert (found.video.width, found.video.height, found.video.rotation, found.video.sar) == (*size, 0, Fraction(1))
    assert found.video.fps <= 30
    assert [track.codec for track in found.audio] == ["aac"] * len(probe(source).audio)
    assert found.seconds == pytest.approx(seconds, abs=0.1)
    assert found.brand == "isom"
    assert done.preview.read_bytes().index(b"moov") < done.preview.read_bytes().index(b"mdat")
    run(["ffmpeg", "-v", "error", "-xerror", "-i", str(done.preview), "-f", "null", "-"])


def test_the_poster_is_a_picture_as_large_as_the_preview(tmp_path: Path) -> None:
    done = attempt(tmp_path, clips.clip(tmp_path, seconds=3))
    words = ["-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", str(done.poster)]
    assert run(["ffprobe", "-v", "error", *words]).strip() == "mjpeg,160,90"


def test_artifacts_are_the_preview_and_then_the_poster(tmp_path: Path) -> None:
    done = attempt(tmp_path, clips.clip(tmp_path, seconds=3), title="A film", uploader="Someone")
    shape = {"width": 160, "height": 90, "title": "A film"}
    assert [Path(artifact.file_path).name for artifact in done.artifacts] == ["preview.mp4", "poster.jpg"]
    assert done.artifacts[0].about == {"kind": "preview", "seconds": 3.0, **shape}
    assert done.artifacts[1].about == {"kind": "poster", **shape}
    assert sorted(path.name for path in done.workspace.iterdir()) == ["poster.jpg", "preview.mp4"]


def test_progress_grows_with_the_clips(tmp_path: Path) -> None:
    done = attempt(tmp_path, clips.clip(tmp_path, seconds=30))
    assert done.progress == sorted(done.progress)
    assert len(done.progress) >= 4


def test_a_preview_shows_two_seconds_from_each_quarter_in_order(tmp_path: Path) -> None:
    """By the numbers in the pictures; a keyframe each second, so that clips begin just where they should."""
    source = counted(tmp_path, "source.mp4", *H264, "-g", "30", *AAC, seconds=32)
    shown = numbers(attempt(tmp_path, source).preview)
    assert shown == [start * 30 + number for start in (4, 12, 20, 28) for number in range(60)]


def test_what_is_left_of_a_file_that_was_cut_short_is_shown(tmp_path: Path) -> None:
    """Whether it is worth keeping is not the preview's to decide."""
    whole = tmp_path / "whole.mp4"
    clip = clips.clip(tmp_path, seconds=30)
    run(["ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", "-movflags", "faststart", str(whole)])
    source = tmp_path / "truncated.mp4"
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert 3 < probe(attempt(tmp_path, source).preview).seconds <= 8.1


@pytest.mark.parametrize("content", [b"hello\n", bytes(range(256)) * 200, b"#EXTM3U\n#EXTINF:1,\nx.ts\n"])
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "video.mp4"
    source.write_bytes(content)
    outcome = attempt(tmp_path, source).outcome
    assert isinstance(outcome, Reject)
    assert outcome.cause in ("corrupt", "unsupported")


def test_a_file_of_which_no_picture_is_there_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    clip = clips.clip(tmp_path, seconds=3)
    run(["ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", "-movflags", "faststart", str(whole)])
    data = bytearray(whole.read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin:] = bytes(len(data) - begin)
    (tmp_path / "hollow.mp4").write_bytes(data)
    outcome = attempt(tmp_path, tmp_path / "hollow.mp4").outcome
    assert isinstance(outcome, Reject), outcome
