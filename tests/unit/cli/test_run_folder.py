"""The folder of `clipmill run`."""

import os
from pathlib import Path

import pytest

from clipmill_cli import run_folder
from clipmill_cli.origin import File, Link
from clipmill_cli.run_folder import RunFolder
from clipmill_cli.trouble import Trouble

BOTH = (("cutter", "preview"),)


@pytest.mark.parametrize(
    ("origin", "slug"),
    [
        (File(Path("/videos/Holiday in Évora (2026).mp4")), "holiday-in-vora-2026"),
        (File(Path("…")), "video"),
        (Link("https://example.org/talks/My%20talk.mp4?x=1"), "my-talk"),
        (Link("https://example.org/"), "example-org"),
        (File(Path("x" * 200)), "x" * 40),
    ],
)
def test_a_job_is_called_after_what_it_is(origin: File | Link, slug: str) -> None:
    assert run_folder.slug(origin) == slug


def test_an_interrupted_job_is_gone_on_with_under_its_id(tmp_path: Path) -> None:
    link = Link("https://example.org/a")
    first = _begin(tmp_path, link)
    assert _begin(tmp_path, link) == first
    assert _begin(tmp_path, link, wishes=(("preview",),)) != first
    assert _begin(tmp_path, Link("https://example.org/b")) != first


def test_a_job_that_is_over_is_not_gone_on_with(tmp_path: Path) -> None:
    link = Link("https://example.org/a")
    first = _begin(tmp_path, link)
    RunFolder(tmp_path).strike_off(link, BOTH)
    assert _begin(tmp_path, link) != first


def test_a_file_that_has_changed_is_another_job(tmp_path: Path) -> None:
    file = tmp_path / "video.mp4"
    file.write_bytes(b"one")
    first = _begin(tmp_path, File(file))
    os.utime(file, ns=(1, 1))
    assert _begin(tmp_path, File(file)) != first


def test_two_runs_in_one_folder_do_not_mix(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path).opened(),
        pytest.raises(Trouble, match="another `clipmill run` works in"),
        RunFolder(tmp_path).opened(),
    ):
        pass


def test_afterwards_there_is_nothing_but_jobs_and_what_is_to_be_gone_on_with(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "out")
    with folder.opened():
        (folder.store.root / "inbox" / "job").mkdir(parents=True)
        (folder.store.root / "workers" / "download@1").mkdir()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".clipmill", "jobs"]


def _begin(folder: Path, origin: File | Link, wishes: object = BOTH) -> str:
    with RunFolder(folder).opened():
        return RunFolder(folder).job_id(origin, wishes)
