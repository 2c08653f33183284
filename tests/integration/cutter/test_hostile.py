"""Files that are made to hurt, or just are what they are: cut right, or refused in words, within bounds.

By the command, as a person has it, so that whatever a file does to it can be bounded and seen.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.media import clips
from tests.rig.command import CLIPMILL, environment
from tests.rig.program import run

SECONDS = 120
"""Of the clock; the machine may be busy with other things."""
CPU_SECONDS = 15
MEMORY = 300 << 20


@dataclass(frozen=True, kw_only=True)
class End:
    """How a command ended."""

    status: int
    said: str
    parts: list[Path]


def cut(source: Path | bytes, out: Path, *words: str) -> End:
    """`clipmill cut`, which must end in time, with little work, and in little memory."""
    command = [CLIPMILL, "cut", *words, "-o", str(out), "--", source]
    process = subprocess.Popen(command, env=environment({}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    alarm = threading.Timer(SECONDS, process.send_signal, [signal.SIGKILL])
    alarm.start()
    assert process.stderr
    said = process.stderr.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    alarm.cancel()
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert used.ru_utime + used.ru_stime < CPU_SECONDS
    assert used.ru_maxrss * 1024 < MEMORY
    assert "Traceback" not in said
    parts = sorted(path for path in out.glob("*") if not path.name.startswith(".")) if out.exists() else []
    return End(status=process.returncode, said=said, parts=parts)


def refused(source: Path, reason: str) -> None:
    end = cut(source, source.parent / "out")
    assert (end.status, end.parts) == (1, []), end
    assert reason in end.said


def good(folder: Path, name: str = "good.mp4") -> Path:
    return clips.clip(folder, name, seconds=3)


def mangled(
    folder: Path, change: Callable[[bytes], bytes], name: str = "mangled.mp4", source: str = "good.mp4"
) -> Path:
    target = folder / name
    target.write_bytes(change(good(folder, source).read_bytes()))
    return target


def noise_in_index(data: bytes) -> bytes:
    at = data.index(b"moov") + 8
    return data[:at] + os.urandom(200) + data[at + 200 :]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (noise_in_index, "not a video that can be used"),
        (lambda data: data[: data.index(b"moov") - 4], "damaged"),  # the index is missing
        (lambda data: data[:100], "not a video that can be used"),
        (lambda data: bytes(len(data)), "not a video that can be used"),
        (lambda data: os.urandom(len(data)), "not a video that can be used"),
        (lambda data: b"<!DOCTYPE html><html><body>404</body></html>", "not a video that can be used"),
        (lambda data: b"", "empty"),
    ],
    ids=["index of noise", "no index", "a hundred bytes", "zeros", "noise", "HTML", "nothing"],
)
def test_what_is_no_video_is_refused(tmp_path: Path, change: Callable[[bytes], bytes], reason: str) -> None:
    refused(mangled(tmp_path, change), reason)


def test_a_picture_is_no_video(tmp_path: Path) -> None:
    run(["ffmpeg", "-v", "error", "-i", str(good(tmp_path)), "-frames:v", "1", str(tmp_path / "p.png")])
    refused((tmp_path / "p.png").rename(tmp_path / "p.mp4"), "not a video that can be used")


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    song = clips.clip(tmp_path, "song.m4a", picture=False, codecs=("-c:a", "aac"))
    refused(song.rename(tmp_path / "song.mp4"), "no video stream")


def test_a_picture_far_too_large_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    """16383x16383, as its only keyframe says: one decoded picture takes 400 MB."""
    small = clips.clip(tmp_path, "s.webm", seconds=1, codecs=("-c:v", "libvpx", "-g", "999"), sound=False)
    data = bytearray(small.read_bytes())
    at = data.index(b"\x9d\x01\x2a") + 3
    data[at : at + 4] = b"\xff\x3f\xff\x3f"
    data = bytearray(bytes(data).replace(b"\xb0\x81\xa0\xba\x81\x5a", b"\xb0\x82\x3f\xff\xba\x82\x3f\xff"))
    huge = tmp_path / "huge.webm"
    huge.write_bytes(data)
    end = cut(huge, tmp_path / "out", "--profile", "whatsapp")
    assert (end.status, end.parts) == (1, [])


def test_a_thousand_pictures_a_second_are_refused(tmp_path: Path) -> None:
    fast = tmp_path / "fast.mp4"
    run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=1000:duration=1", str(fast)])
    refused(fast, "1000 frames a second")


def test_a_file_that_lies_about_its_duration_is_cut_by_what_it_holds(tmp_path: Path) -> None:
    def lie(data: bytes) -> bytes:
        at = data.index(b"mvhd") + 4 + 16
        return data[:at] + (360_000_000).to_bytes(4, "big") + data[at + 4 :]

    end = cut(mangled(tmp_path, lie), tmp_path / "out", "--max", "2")
    assert (end.status, len(end.parts)) == (0, 2), end


@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_file_cut_short_is_refused(tmp_path: Path, share: float) -> None:
    whole = tmp_path / "whole.mp4"
    run(["ffmpeg", "-v", "error", "-i", str(good(tmp_path)), "-c", "copy", "-movflags", "faststart", str(whole)])
    short = tmp_path / "short.mp4"
    short.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    refused(short, "cut short")


PLAYLISTS = {
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nneighbour.ts\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile neighbour.ts\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet><Representation>'
    "<BaseURL>neighbour.ts</BaseURL></Representation></AdaptationSet></Period></MPD>",
}


@pytest.mark.parametrize("text", PLAYLISTS.values(), ids=PLAYLISTS)
def test_a_playlist_named_as_a_video_opens_no_other_file(tmp_path: Path, text: str) -> None:
    """The neighbour is a FIFO: whoever opened it would wait until the test times out."""
    os.mkfifo(tmp_path / "neighbour.ts")
    source = tmp_path / "video.mp4"
    source.write_text(text)
    refused(source, "not a video that can be used")


def test_a_fifo_a_folder_a_link_and_nothing_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "link.mp4").symlink_to(good(tmp_path))
    for name in ("fifo", "folder", "link"):
        refused(tmp_path / f"{name}.mp4", "no regular file")
    refused(tmp_path / "missing.mp4", "cannot be read")


NAMES = (
    b"two\nlines.mp4",
    b"-y.mp4",
    b"http:host.mp4",
    b"%d %03d.mp4",
    b"a" * 251 + b".mp4",
    b"not utf-8 \xff\xfe.mp4",
    b"[*?].mp4",
    "ação ✂.mp4".encode(),
)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:12].decode(errors="replace").replace("\n", " "))
def test_a_file_of_any_name_is_cut(tmp_path: Path, name: bytes) -> None:
    source = os.path.join(os.fsencode(tmp_path), name)  # noqa: PTH118  # bytes, which pathlib does not take
    good(tmp_path).rename(os.fsdecode(source))
    end = cut(source, tmp_path / "out", "--max", "2")
    assert (end.status, len(end.parts)) == (0, 2), end


def test_an_hour_of_one_picture_is_refused(tmp_path: Path) -> None:
    slow = tmp_path / "slides.mp4"
    slides = "testsrc2=size=64x64:rate=1/100:duration=300"
    run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", slides, "-c:v", "libx264", str(slow)])
    refused(slow, "longer than a part")
