"""Videos whose every picture carries its number, and the judge of parts that reads the numbers again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tests.media.clips import once
from tests.rig.program import run

TOOLS = Path(__file__).resolve().parents[3] / "shared" / "tools"
"""They lie beside the checkout and are no part of it."""

SECONDS = 25.0
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-b_strategy", "0", "-sc_threshold", "0")
AAC = ("-c:a", "aac")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What check_parts.py found in parts."""

    wrong: dict[str, int]
    """Pictures lost, doubled, reordered, hidden or unreadable, and errors of the decoder: {} is right."""
    longest: float
    """Seconds of the longest part's picture."""
    container: float
    """The same as the container says, sound included."""
    sync: float | None
    """Milliseconds that the sound is off, at worst; None without sound."""
    gap: float | None
    """Milliseconds of sound that are missing or doubled at a join, at worst."""
    frames: int


def counted(
    folder: Path,
    name: str,
    *options: str,
    seconds: float = SECONDS,
    rate: str = "30",
    size: str = "320x180",
    pix: str = "yuv420p",
    sound: bool = True,
) -> Path:
    """A counted video as `folder/name`, encoded with `options`; the suffix decides on the container."""
    shape = ["--seconds", str(seconds), "--rate", rate, "--size", size, "--pix", pix]
    words = (*shape, *(() if sound else ("--no-audio",)), "--", *options)
    make = _tool("counted_clip.py")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    once(target, ("counted", *words), lambda path: run([sys.executable, str(make), str(path), *words]))
    return target


def remade(source: Path, name: str, *options: str, before: Sequence[str] = ()) -> Path:
    """`source` once more through ffmpeg, as `name` beside it."""
    target = source.with_name(name)
    run(["ffmpeg", "-y", "-v", "error", *before, "-i", str(source), *options, str(target)])
    return target


def judge(source: Path, parts: Sequence[Path], limit: float) -> Verdict:
    """How the parts stand to their source."""
    words = [str(source), *(str(part) for part in parts), "--max", f"{limit:g}"]
    report = json.loads(run([sys.executable, str(_tool("check_parts.py")), *words]))
    return Verdict(
        wrong=_wrong(report),
        longest=report["longest_s"],
        container=report["longest_container_s"],
        sync=_worst(part["sync_ms"] for part in report["parts"]),
        gap=_worst(join.get("audio_gap_ms") for join in report["joins"]),
        frames=report["source_frames"],
    )


def numbers(path: Path) -> list[int | None]:
    """The numbers of the pictures that a player shows of a counted video, however small it has become."""
    spec = spec_from_file_location("check_parts", _tool("check_parts.py"))
    assert spec
    assert spec.loader
    judge = module_from_spec(spec)
    spec.loader.exec_module(judge)
    ids: list[int | None] = judge.read_video(str(path), judge.probe(str(path)))["ids"]
    return ids


def _wrong(report: dict[str, Any]) -> dict[str, int]:
    found = {key: report[key] for key in ("lost", "duplicated", "reordered", "unreadable")}
    for key in ("hidden_frames", "hidden_tail", "decode_errors", "dts_bad"):
        found[key] = sum(part[key] for part in report["parts"])
    found["not_a_key"] = sum(not part["first_key"] for part in report["parts"])
    # a picture that a variable rate shows at another time than it was
    found["moved"] = sum(part["timing_error_ms"] > 1 for part in report["parts"])
    return {key: count for key, count in found.items() if count}


def _worst(values: Any) -> float | None:
    return max((abs(value) for value in values if value is not None), default=None)


def _tool(name: str) -> Path:
    """CI may not lack the judge, or a green run would mean nothing."""
    tool = TOOLS / name
    if not tool.exists():
        why = f"{name} is not in {TOOLS}"
        if os.environ.get("CI") == "true":
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    return tool
