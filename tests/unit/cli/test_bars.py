"""Progress, as a log file gets it (lines) and as a terminal shows it (bars)."""

import io

from rich.console import Console

from clipmill.events import StepEvent
from clipmill.job_tree import JobTree
from clipmill_cli.bars import Bars
from tests.unit.manager.telling import error, progress, result

STORY: tuple[StepEvent, ...] = (
    progress(1, "a/download/0", 40),
    result(2, "a/download/0", "a/cutter/0", "a/preview/0"),
    progress(3, "a/cutter/0", 50, parent_id="a/download/0", attempt=2),
    result(4, "a/cutter/0", files=3, parent_id="a/download/0"),
    error(5, "a/preview/0", "no picture\x1b[2J", parent_id="a/download/0"),
)


def tell(console: Console, *jobs: str, until: int = len(STORY)) -> None:
    tree = JobTree(job_id="a")
    with Bars(console, {job: f"/videos/{job}.mp4" for job in jobs}) as bars:
        bars.waiting("a")
        for event in STORY[:until]:
            tree.take(event)
            bars.show(tree, event)


def test_a_file_gets_a_line_for_each_step_that_has_ended() -> None:
    file = io.StringIO()
    tell(Console(file=file), "a")
    assert file.getvalue().splitlines() == [
        "download 0: done, 1 file, 1.0 kB",
        "cutter 0: done, 3 parts, 3.0 kB",
        "preview 0: given up: no picture [2J",
    ]


def test_the_lines_of_several_jobs_name_them() -> None:
    file = io.StringIO()
    tell(Console(file=file), "a", "b", until=2)
    assert file.getvalue() == "/videos/a.mp4: download 0: done, 1 file, 1.0 kB\n"


def test_a_terminal_shows_a_bar_for_the_job_and_one_for_each_step_under_way() -> None:
    file = io.StringIO()
    tell(Console(file=file, force_terminal=True, width=120, color_system=None), "a", until=3)
    last = [line for line in file.getvalue().splitlines() if "%" in line]
    assert any("/videos/a.mp4" in line and "1 of 3 steps done" in line for line in last)
    assert any("cutter 0" in line and "50%" in line and "attempt 2" in line for line in last)


def test_a_name_that_is_long_is_shortened_at_its_beginning() -> None:
    file = io.StringIO()
    with Bars(Console(file=file, force_terminal=True, width=120, color_system=None), {"a": "x" * 90 + ".mp4"}) as bars:
        bars.copied("a", 1, 4)
    assert f"…{'x' * 35}.mp4" in file.getvalue()
    assert "copying into the store" in file.getvalue()
