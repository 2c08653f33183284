"""What a file says of itself, and which files are refused before any worker touches them."""

import os
from fractions import Fraction
from pathlib import Path

import pytest

from clipmill.outcome import ToolError
from clipmill.probe import MAX_RATE, Audio, Video, probe
from tests.media import clips
from tests.rig.program import run


def made(path: Path, *options: str, source: str = "testsrc2=size=160x90:rate=25:duration=1") -> Path:
    run(["ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", source, *options, str(path)])
    return path


def refused(path: Path, *causes: str) -> str:
    """The reason for which the file is refused for good."""
    with pytest.raises(ToolError) as error:
        probe(path)
    assert error.value.permanent
    assert error.value.cause in causes
    return str(error.value)


def test_a_clip_is_told_by_its_streams(tmp_path: Path) -> None:
    clip = clips.clip(tmp_path, seconds=2)
    found = probe(clip)
    video = Video(
        index=0,
        codec="h264",
        profile="Constrained Baseline",
        pix_fmt="yuv420p",
        width=160,
        height=90,
        fps=Fraction(25),
        rotation=0,
        sar=Fraction(1),
    )
    assert found.video == video
    assert found.audio == (Audio(index=1, codec="aac", profile="LC", channels=1),)
    assert found.seconds == pytest.approx(2, abs=0.1)
    assert found.brand == "isom"
    assert found.bytes == clip.stat().st_size


def test_a_turned_picture_is_shown_upright(tmp_path: Path) -> None:
    found = probe(clips.turned(clips.clip(tmp_path), "turned.mp4")).video
    assert found.rotation == 90
    assert found.shown == (90, 160)


def test_pixels_need_not_be_square(tmp_path: Path) -> None:
    found = probe(made(tmp_path / "wide.mkv", "-c:v", "libx264", "-vf", "setsar=2/1")).video
    assert found.sar == 2
    assert found.shown == (320, 90)


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    song = clips.clip(tmp_path, "song.m4a", picture=False, codecs=("-c:a", "aac"))
    cover = made(tmp_path / "cover.png", "-frames:v", "1")
    covered = tmp_path / "covered.m4a"
    words = ["-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", str(covered)]
    run(["ffmpeg", "-v", "error", "-i", str(song), "-i", str(cover), *words])
    assert "no video stream" in refused(covered, "unsupported")


@pytest.mark.parametrize("name", ["-y.mp4", "a:b.mp4", "50%d.mp4", "new\nline.mp4", "http:x.mp4", "é" * 125 + ".mp4"])
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    clips.clip(tmp_path).rename(tmp_path / name)
    assert probe(tmp_path / name).video.codec == "h264"


def test_a_name_need_not_be_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4"))
    clips.clip(tmp_path).rename(path)
    assert probe(path).video.codec == "h264"


@pytest.mark.parametrize(
    "content",
    [
        b"hello, world\n",
        b"<html><body>404 Not Found</body></html>",
        bytes(range(256)) * 300,
        b"\0" * 5000,
        b"\0\0\0\x18ftypisom\0\0\2\0isomiso2\0\0\0\x08mdat",  # no moov
    ],
)
def test_what_is_no_video_is_refused_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "video.mp4").write_bytes(content)
    assert "not a video that can be used" in refused(tmp_path / "video.mp4", "corrupt", "unsupported")


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{neighbour}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {neighbour}\n",
    ],
)
def test_a_playlist_named_as_a_video_opens_no_other_file(tmp_path: Path, playlist: str) -> None:
    """The neighbour is a FIFO: whoever opened it would wait until the test times out."""
    os.mkfifo(tmp_path / "neighbour.ts")
    (tmp_path / "video.mp4").write_text(playlist.format(neighbour="neighbour.ts"))
    refused(tmp_path / "video.mp4", "corrupt", "unsupported")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "video.mp4").touch()
    assert "empty" in refused(tmp_path / "video.mp4", "corrupt")


def test_a_missing_file_is_gone(tmp_path: Path) -> None:
    refused(tmp_path / "video.mp4", "gone")


def test_neither_a_link_nor_a_directory_nor_a_pipe_is_opened(tmp_path: Path) -> None:
    (tmp_path / "link.mp4").symlink_to(clips.clip(tmp_path))
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    for name in ("link.mp4", "folder.mp4", "pipe.mp4"):
        assert "no regular file" in refused(tmp_path / name, "unsupported")


def test_a_picture_named_as_a_video_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "picture.png", "-frames:v", "1").rename(tmp_path / "video.mp4")
    refused(tmp_path / "video.mp4", "unsupported", "corrupt")


def test_too_large_a_picture_is_refused(tmp_path: Path) -> None:
    source = "color=size=16384x8704:rate=1:duration=1"
    huge = made(tmp_path / "huge.mp4", "-c:v", "libx264", "-preset", "ultrafast", source=source)
    assert "larger than can be worked on" in refused(huge, "unsupported")


def test_too_many_pictures_a_second_are_refused(tmp_path: Path) -> None:
    fast = made(tmp_path / "fast.mp4", source=f"color=size=64x64:rate={MAX_RATE * 3}:duration=0.2")
    assert "frames a second" in refused(fast, "unsupported")


def test_a_rate_that_changes_is_told_by_its_mean(tmp_path: Path) -> None:
    every_other = ("-vf", "select=lt(n\\,25)+mod(n\\,2)", "-fps_mode", "vfr", "-c:v", "libx264")
    clip = made(tmp_path / "video.mp4", *every_other, source="testsrc2=size=160x90:rate=25:duration=3")
    assert Fraction(10) < probe(clip).video.fps < Fraction(25)
