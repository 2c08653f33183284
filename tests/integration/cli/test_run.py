"""`clipmill run`: the whole pipeline in one process, with real ffmpeg and yt-dlp, on small clips."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clipmill.probe import probe
from tests.media import clips
from tests.media.server import Behaviour, Server, serve
from tests.rig.command import CLIPMILL, clipmill, environment
from tests.rig.deadline import until


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "site").mkdir()
    with serve(tmp_path / "site") as server:
        yield server


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def run(*words: str | Path, out: Path, **given: str) -> subprocess.CompletedProcess[str]:
    return clipmill("run", *map(str, words), "-o", str(out), **given)


def jobs(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """What `--json` told."""
    told: list[dict[str, Any]] = json.loads(done.stdout)["jobs"]
    return told


def test_a_file_ends_as_parts_a_preview_and_a_message(tmp_path: Path, out: Path) -> None:
    source = clips.clip(tmp_path, "Holiday film.mp4", seconds=5)
    done = run(source, out=out, PART_SECONDS="2")
    assert done.returncode == 0, done.stdout + done.stderr
    first, *lines = done.stdout.splitlines()
    job = first.split()[1].rstrip(":")
    assert job.startswith("holiday-film-")
    assert first.startswith(f"job {job}: succeeded, ")
    named = [Path(line.split()[0]) for line in lines[: lines.index("message:")]]
    parts = [path for path in named if path.parent == out / "jobs" / job / "cutter" / "0"]
    assert len(parts) >= 3
    assert all(probe(part).seconds <= 2.1 for part in parts)
    assert sum(probe(part).seconds for part in parts) == pytest.approx(5, abs=0.2)
    assert out / "jobs" / job / "preview" / "0" in {path.parent for path in named}
    assert "Holiday film is ready" in done.stdout
    assert done.stderr.startswith("download 0: done, 1 file, ")


def test_the_source_stays_where_and_as_it_is_and_nothing_else_is_left(tmp_path: Path, out: Path) -> None:
    source = clips.clip(tmp_path)
    before = source.read_bytes()
    assert run(source, out=out).returncode == 0
    assert source.read_bytes() == before
    assert source.stat().st_nlink == 1
    assert sorted(path.name for path in out.iterdir()) == [".clipmill", "jobs"]


def test_links_and_files_go_together_and_programs_get_json(site: Server, tmp_path: Path, out: Path) -> None:
    clips.clip(site.folder, "talk.mp4")
    done = run(site.url("talk.mp4"), clips.clip(tmp_path), "--pipeline", "cutter", "--json", out=out)
    assert done.returncode == 0, done.stderr
    told = jobs(done)
    assert [job["ending"] for job in told] == ["succeeded", "succeeded"]
    assert sorted(job["jobId"].rpartition("-")[0] for job in told) == ["clip", "talk"]
    assert all(Path(job["files"][0]["path"]).is_file() for job in told)
    assert all("is ready" in job["message"] for job in told)


def test_what_is_no_video_fails_with_its_reason_and_1(tmp_path: Path, out: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video at all")
    done = run(text, out=out)
    assert done.returncode == 1
    assert "job notes-" in done.stdout
    assert "download/0: not a video that can be used" in done.stdout
    assert "could not be made ready" in done.stdout
    assert f"what every step said: {out}/.clipmill/log" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_of_two_that_fails_is_partly(site: Server, tmp_path: Path, out: Path) -> None:
    done = run(site.url("missing.mp4"), clips.clip(tmp_path), "--pipeline", "cutter", out=out)
    assert done.returncode == 3
    assert "404" in done.stdout


def test_a_program_that_is_missing_is_said_before_anything_is_done(tmp_path: Path, out: Path) -> None:
    done = run(clips.clip(tmp_path), out=out, PATH=str(tmp_path))
    assert done.returncode == 78
    assert "ffmpeg: not found; install it (apt install ffmpeg)" in done.stderr
    assert not out.exists()


def test_a_disk_that_is_short_is_said_before_anything_is_done(tmp_path: Path, out: Path) -> None:
    done = run(clips.clip(tmp_path), out=out, DISK_RESERVE="9000T")
    assert done.returncode == 1
    assert f"no room in {out}: " in done.stderr


def test_a_worker_that_cannot_start_is_said_with_where_to_look(tmp_path: Path, out: Path) -> None:
    broken = tmp_path / "broken" / "clipmill_preview"
    broken.mkdir(parents=True)
    (broken / "__init__.py").touch()
    (broken / "handler.py").write_text("raise ImportError('no such library')")
    done = run(clips.clip(tmp_path), out=out, PYTHONPATH=str(broken.parent))
    assert done.returncode == 1
    assert "preview@1 cannot work: the handler's process ended with status 1" in done.stderr
    assert f"{out}/.clipmill/log tells more" in done.stderr
    assert "no such library" in (out / ".clipmill" / "log").read_text()
    assert "Traceback" not in done.stderr


def test_after_a_step_that_may_pass_it_says_why_it_waits(site: Server, out: Path) -> None:
    site.rules["/busy.mp4"] = Behaviour(status=503)
    with Interruptible(site.url("busy.mp4"), out=out) as running:
        running.until_said("another attempt by retry_")
        running.interrupt()
        assert running.end() == 130


def test_ctrl_c_stops_and_the_same_again_goes_on_from_there(site: Server, out: Path) -> None:
    clips.noise(site.folder, "long.mp4", seconds=6)
    site.rules["/long.mp4"] = Behaviour(hold_after=1_000_000)
    with Interruptible(site.url("long.mp4"), "--pipeline", "cutter", out=out) as running:
        site.wait_sent("/long.mp4", 1_000_000)
        running.interrupt()
        running.until_said("finishing the step at hand")
        running.interrupt()
        assert running.end() == 130
        assert "the same command again goes on from here" in running.said
    site.release()
    seen = len(site.requests)
    done = run(site.url("long.mp4"), "--pipeline", "cutter", out=out)
    assert done.returncode == 0, done.stderr
    assert len(list((out / "jobs").iterdir())) == 1
    assert any(request.start > 0 for request in site.requests[seen:])


def test_ctrl_c_lets_the_step_at_hand_finish(site: Server, out: Path) -> None:
    clips.clip(site.folder)
    site.rules["/clip.mp4"] = Behaviour(hold_after=5_000)
    with Interruptible(site.url("clip.mp4"), "--pipeline", "cutter", out=out) as running:
        site.wait_sent("/clip.mp4", 5_000)
        running.interrupt()
        running.until_said("finishing the step at hand")
        site.release()
        running.until_said("download 0: done, 1 file")
        assert running.end() == 130


class Interruptible:
    """A run in a terminal of its own."""

    def __init__(self, *words: str, out: Path) -> None:
        self.said = ""
        self._master, terminal = pty.openpty()
        os.set_blocking(self._master, False)
        self._process = subprocess.Popen(
            [CLIPMILL, "run", *words, "-o", str(out)],
            env=environment({"TERM": "xterm"}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)

    def __enter__(self) -> "Interruptible":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def until_said(self, words: str) -> None:
        self._until(lambda: words in self._heard(), f"{words!r}")

    def end(self) -> int:
        """Its exit status."""
        self._until(lambda: self._heard() is not None and self._process.poll() is not None, "its end")
        self._heard()
        return int(self._process.returncode)

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            until(holds, what=what)
        except TimeoutError as late:
            raise AssertionError(f"{late}; it said: {self.said}") from None

    def _heard(self) -> str:
        try:
            while data := os.read(self._master, 65536):
                self.said += data.decode(errors="replace")
        except OSError:  # nothing more for now (EAGAIN), or for ever (EIO)
            pass
        return self.said
