"""ffmpeg as the workers run it: any name, progress, and the answer to whether another attempt is of use."""

from pathlib import Path

import pytest

from clipmill import ffmpeg_tool
from clipmill.outcome import ToolError
from tests.media import clips


def encode(source: Path, target: Path, percents: list[float] | None = None, *, timeout: float = 60) -> int:
    """The pictures that came out."""
    sink = ffmpeg_tool.sink(target, ffmpeg_tool.source(source)["v:0"], **{"c:v": "libx264", "preset": "ultrafast"})
    on_percent = percents.append if percents is not None else None
    return ffmpeg_tool.run(sink, seconds=2, threads=1, timeout=timeout, on_percent=on_percent).frames


def test_pictures_are_counted_and_progress_ends_at_a_hundred(tmp_path: Path) -> None:
    percents: list[float] = []
    assert encode(clips.clip(tmp_path, seconds=2), tmp_path / "out.mp4", percents) == 50
    assert percents[-1] == pytest.approx(100, abs=5)


@pytest.mark.parametrize("name", ["-y.mp4", "a:b.mp4", "%d.mp4"])
def test_any_name_will_do_on_either_side(tmp_path: Path, name: str) -> None:
    source = clips.clip(tmp_path / "in").rename(tmp_path / "in" / name)
    encode(source, tmp_path / name)
    assert (tmp_path / name).stat().st_size


def test_a_file_that_cannot_be_read_is_so_for_good(tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_text("no video")
    with pytest.raises(ToolError) as error:
        encode(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert error.value.permanent


def test_a_full_disk_is_not_the_files_fault(tmp_path: Path) -> None:
    source = ffmpeg_tool.source(clips.clip(tmp_path))["v:0"]
    sink = ffmpeg_tool.sink(Path("/dev/full"), source, f="rawvideo", pix_fmt="yuv420p")
    with pytest.raises(ToolError, match="No space left") as error:
        ffmpeg_tool.run(sink, seconds=2, threads=1, timeout=60)
    assert not error.value.permanent


def test_a_run_that_takes_too_long_is_ended_and_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as error:
        encode(clips.noise(tmp_path), tmp_path / "out.mp4", timeout=0.01)
    assert error.value.cause == "timeout"
    assert not error.value.permanent


def test_an_input_is_never_a_playlist_unless_it_is_ours(tmp_path: Path) -> None:
    pieces = [clips.clip(tmp_path, f"{number}.mp4", seconds=1) for number in (1, 2)]
    joined = ffmpeg_tool.joined(tmp_path / "list", pieces)
    copied = ffmpeg_tool.sink(tmp_path / "both.mp4", joined, c="copy")
    assert ffmpeg_tool.run(copied, seconds=2, threads=1, timeout=60).frames == 50
    with pytest.raises(ToolError):
        encode(tmp_path / "list", tmp_path / "out.mp4")
