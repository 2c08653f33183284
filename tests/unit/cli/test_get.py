"""`clipmill get`: the files of a job, out of a real store, by their manifests."""

import time
from pathlib import Path

import pytest

from clipmill import identifiers
from clipmill.graveyard import Graveyard
from clipmill.messages import Artifact, Step
from clipmill.outcome import Done
from clipmill.store import Store, checksum
from tests.rig.command import clipmill


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def commit(store: Store, step_id: str, *names: str) -> None:
    """A step's files, as a worker's child commits them."""
    step = Step(job_id=step_id.split("/")[0], id=step_id)
    workspace = store.workspace(step_id)
    workspace.mkdir(parents=True)
    artifacts = []
    for name in names:
        (workspace / name).write_text(f"{name} of {step_id}")
        key = store.key(store.home(step_id) / name)
        artifacts.append(
            Artifact(file_path=key, bytes=(workspace / name).stat().st_size, sha256=checksum(workspace / name))
        )
    store.commit(step, Done(tuple(artifacts)))


def get(store: Store, *words: str):  # type: ignore[no-untyped-def]
    return clipmill("get", *words, STORE=str(store.root))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_parts_and_previews_come_without_the_source(store: Store, tmp_path: Path) -> None:
    commit(store, "talk/download/0", "talk-1.mp4")
    commit(store, "talk/cutter/0", "part-001.mp4", "part-002.mp4")
    commit(store, "talk/preview/0", "preview.mp4")
    got = get(store, "talk", "-o", str(tmp_path / "out"))
    assert got.returncode == 0, got.stderr
    assert names(tmp_path / "out") == ["part-001.mp4", "part-002.mp4", "preview.mp4"]
    assert (tmp_path / "out" / "part-001.mp4").read_text() == "part-001.mp4 of talk/cutter/0"
    assert got.stdout.splitlines() == [str(tmp_path / "out" / name) for name in names(tmp_path / "out")]


def test_the_source_comes_when_it_is_asked_for_or_all_there_is(store: Store, tmp_path: Path) -> None:
    commit(store, "talk/download/0", "talk-1.mp4")
    assert get(store, "talk", "-o", str(tmp_path / "one")).returncode == 0
    commit(store, "talk/preview/0", "preview.mp4")
    assert get(store, "talk", "-o", str(tmp_path / "two"), "--source").returncode == 0
    assert (names(tmp_path / "one"), names(tmp_path / "two")) == (["talk-1.mp4"], ["preview.mp4", "talk-1.mp4"])


def test_of_a_job_whose_files_were_removed_it_says_when_and_why(store: Store, tmp_path: Path) -> None:
    commit(store, "talk/cutter/0", "part-001.mp4")
    for _ in Graveyard(store).bury("talk", "after 30 days", untouched=0):
        pass
    got = get(store, "talk", "-o", str(tmp_path / "out"))
    assert got.returncode == 1
    assert (
        f"the files of job talk were removed after 30 days on {time.strftime('%Y-%m-%d')}; submit it again"
        in got.stderr
    )


def test_files_of_the_same_name_get_their_step_before_it(store: Store, tmp_path: Path) -> None:
    commit(store, "list/cutter/0", "part-001.mp4")
    commit(store, "list/cutter/1", "part-001.mp4", "part-002.mp4")
    assert get(store, "list", "-o", str(tmp_path / "out")).returncode == 0
    assert names(tmp_path / "out") == ["cutter-0-part-001.mp4", "cutter-1-part-001.mp4", "part-002.mp4"]


def test_nothing_is_overwritten_unless_that_is_said(store: Store, tmp_path: Path) -> None:
    commit(store, "talk/cutter/0", "part-001.mp4", "part-002.mp4")
    (tmp_path / "part-002.mp4").write_text("mine")
    refused = get(store, "talk", "-o", str(tmp_path))
    assert refused.returncode == 1
    assert "not overwritten: " in refused.stderr
    assert not (tmp_path / "part-001.mp4").exists()
    assert (tmp_path / "part-002.mp4").read_text() == "mine"
    assert get(store, "talk", "-o", str(tmp_path), "--force").returncode == 0
    assert (tmp_path / "part-002.mp4").read_text() == "part-002.mp4 of talk/cutter/0"


def test_a_file_that_has_changed_since_is_not_handed_out(store: Store, tmp_path: Path) -> None:
    commit(store, "talk/cutter/0", "part-001.mp4")
    (store.home("talk/cutter/0") / "part-001.mp4").write_text("something else")
    got = get(store, "talk", "-o", str(tmp_path / "out"))
    assert got.returncode == 1
    assert "its SHA-256 is another" in got.stderr
    assert names(tmp_path / "out") == []


def test_an_unknown_job_is_said(store: Store) -> None:
    store.root.mkdir()
    got = get(store, "nothing")
    assert (got.returncode, got.stdout) == (1, "")
    assert (
        got.stderr == f"clipmill: there is no job nothing in {store.root}; clipmill jobs lists those that are known\n"
    )


@pytest.mark.parametrize("job", ["../../etc", "a/b", "", "."])
def test_what_is_no_id_never_becomes_a_path(store: Store, job: str) -> None:
    got = get(store, job)
    assert got.returncode == 2
    assert "is no job: an id is 1 to 64 letters, digits, _ and -" in got.stderr


def test_a_manifest_that_points_out_of_the_store_is_not_followed(store: Store, tmp_path: Path) -> None:
    commit(store, "talk/cutter/0", "part-001.mp4")
    manifest = store.home("talk/cutter/0") / "manifest.json"
    manifest.write_text(manifest.read_text().replace("jobs/talk/cutter/0/part-001.mp4", "../../etc/passwd"))
    got = get(store, "talk", "-o", str(tmp_path / "out"))
    assert got.returncode == 1
    assert "lies outside the store" in got.stderr


def test_a_folder_that_no_step_of_ours_made_is_passed_over(store: Store, tmp_path: Path) -> None:
    commit(store, "talk/cutter/0", "part-001.mp4")
    (store.home(identifiers.step_id("talk", "cutter", "1"))).mkdir()
    (store.root / "jobs" / "talk" / "notes.txt").mkdir()
    (store.root / "jobs" / "talk" / "notes.txt" / "x").mkdir()
    assert get(store, "talk", "-o", str(tmp_path / "out")).returncode == 0
