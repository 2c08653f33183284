"""`clipmill cut`: parts of a file, named after it, all of them or none."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from clipmill.probe import probe
from tests.integration.cutter.sources import closed, subtitled
from tests.media import clips
from tests.media.counted import judge
from tests.rig.command import CLIPMILL, clipmill, environment
from tests.rig.deadline import until


def test_a_file_becomes_parts_that_are_named_after_it(tmp_path: Path) -> None:
    source, out = closed(tmp_path, "Holiday film.mkv"), tmp_path / "out"
    done = clipmill("cut", str(source), "--max", "10", "-o", str(out))
    assert done.returncode == 0, done.stderr
    parts = [line.rpartition("  (")[0] for line in done.stdout.splitlines()]
    assert parts == [str(out / f"Holiday film-{number:03}.mkv") for number in (1, 2, 3)]
    assert sorted(map(str, out.iterdir())) == parts
    verdict = judge(source, [Path(part) for part in parts], 10)
    assert (verdict.wrong, verdict.longest <= 10) == ({}, True)


def test_exact_parts_are_as_long_as_may_be_and_programs_get_json(tmp_path: Path) -> None:
    source = closed(tmp_path)
    done = clipmill("cut", str(source), "--max", "10", "--cut", "exact", "--json", "-o", str(tmp_path / "out"))
    told = json.loads(done.stdout)
    assert [part["seconds"] for part in told["parts"]] == [10, 10, 5]
    assert judge(source, [Path(part["path"]) for part in told["parts"]], 10).wrong == {}


def test_a_file_that_is_short_enough_is_passed_on_as_it_is(tmp_path: Path) -> None:
    source = clips.clip(tmp_path, "short.mkv", seconds=2)
    assert clipmill("cut", str(source), "-o", str(tmp_path / "out")).returncode == 0
    assert (tmp_path / "out" / "short-001.mkv").samefile(source)


def test_parts_for_phones_are_mp4_and_what_they_cannot_hold_is_told(tmp_path: Path) -> None:
    source = clips.clip(tmp_path, "s.webm", seconds=2, codecs=("-c:v", "libvpx", "-deadline", "realtime"), sound=False)
    done = clipmill("cut", str(source), "--profile", "whatsapp", "-o", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert probe(tmp_path / "out" / "s-001.mp4").video.codec == "h264"


def test_subtitles_stay_where_they_are_seen(tmp_path: Path) -> None:
    """The second line, from 7 to 9.5 s, is seen on both sides of the cut at 8 s."""
    source = subtitled(tmp_path, "lines.mkv", "srt")
    clipmill("cut", str(source), "--max", "10", "-o", str(tmp_path / "out"))
    assert [_lines(tmp_path / "out" / f"lines-{number:03}.mkv") for number in (1, 2, 3)] == [
        [(1.0, "Line 1"), (7.0, "Line 2")],
        [(0.0, "Line 2")],
        [(4.0, "Line 3")],
    ]


def _lines(part: Path) -> list[tuple[float, str]]:
    words = ["ffmpeg", "-v", "error", "-i", str(part), "-map", "0:s", "-f", "srt", "-"]
    blocks = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip().split("\n\n")
    return [(_seconds(block.split("\n")[1][:12]), block.split("\n")[2]) for block in blocks if block]


def _seconds(text: str) -> float:
    hours, minutes, seconds = text.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + round(float(seconds), 1)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--cut", "badly"], "cut must be one of auto, lossless, fewest, exact"),
        (["--max", "0"], "partSeconds must be a number from 1"),
        (["--profile", "fax"], "profile must be one of whatsapp, telegram, instagram, archive"),
        (["--max-size", "some"], "is no size"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, words: list[str], complaint: str) -> None:
    done = clipmill("cut", str(clips.clip(tmp_path)), *words, "-o", str(tmp_path / "out"))
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_parts_that_are_there_are_only_replaced_when_asked(tmp_path: Path) -> None:
    source, out = clips.clip(tmp_path), tmp_path / "out"
    assert clipmill("cut", str(source), "--max", "1", "-o", str(out)).returncode == 0
    again = clipmill("cut", str(source), "-o", str(out))
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    assert clipmill("cut", str(source), "-o", str(out), "--force").returncode == 0
    assert [path.name for path in out.iterdir()] == ["clip-001.mp4"]


def test_whoever_interrupts_it_finds_nothing_there(tmp_path: Path) -> None:
    source = clips.clip(
        tmp_path, "s.webm", seconds=60, size="640x360", codecs=("-c:v", "libvpx", "-deadline", "realtime")
    )
    out = tmp_path / "out"
    words = [CLIPMILL, "cut", str(source), "--profile", "whatsapp", "-o", str(out)]
    with subprocess.Popen(words, env=environment({}), stderr=subprocess.PIPE, text=True) as process:
        until(lambda: list(out.glob(".clipmill-cut-*/*.unfinished.mp4")), what="the encoder", seconds=60)
        process.send_signal(signal.SIGINT)
        assert "stopped" in process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert list(out.iterdir()) == []
