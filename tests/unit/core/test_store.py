"""The artifact store: all of a step or nothing, and nothing outside."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from clipmill import settings
from clipmill.messages import Step
from clipmill.outcome import Done, ToolError
from clipmill.store import Store
from clipmill.workspace import Workspace, open_workspace

STEP = Step(job_id="j", id="j/cutter/0")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    store = Store(tmp_path / "store")
    store.prepare()
    return store


def workspace(store: Store, step: Step = STEP) -> Workspace:
    """The step's workspace, opened as the child does."""
    return open_workspace(store, step, settings.load({"STORE": str(store.root)}), lambda *_: None)


def make(store: Store, text: str) -> Done:
    """One artifact in the workspace."""
    space = workspace(store)
    (space.path / "part.mp4").write_text(text)
    return Done((space.artifact(space.path / "part.mp4", part=1),))


def test_a_committed_step_is_answered_from_its_manifest(store: Store) -> None:
    """With sizes and checksums that hold."""
    done = make(store, "hello")
    assert store.done(STEP) is None
    store.commit(STEP, done)
    answered = store.done(STEP)
    assert answered == done
    (artifact,) = answered.artifacts
    path = store.path(artifact.file_path)
    assert path.read_text() == "hello"
    assert (artifact.bytes, artifact.sha256) == (5, hashlib.sha256(b"hello").hexdigest())
    assert artifact.about == {"part": 1}


def test_the_first_of_two_commits_wins(store: Store) -> None:
    """Two workers with the same step never mix files."""
    store.commit(STEP, make(store, "first"))
    first = store.done(STEP)
    store.commit(STEP, make(store, "second"))
    assert store.done(STEP) == first
    assert first is not None
    assert store.path(first.artifacts[0].file_path).read_text() == "first"


def test_an_interrupted_commit_leaves_nothing_that_looks_done(store: Store) -> None:
    """Until the last rename there is no home; the next attempt starts from the workspace."""
    done = make(store, "hello")
    (store.workspace(STEP.id) / ".commit").mkdir()
    (store.workspace(STEP.id) / ".commit" / "part.mp4").write_text("torn")
    assert store.done(STEP) is None
    store.commit(STEP, done)
    assert store.path(done.artifacts[0].file_path).read_text() == "hello"


@pytest.mark.parametrize("key", ["/etc/shadow", "../x", "jobs/../../x", "a\0b"])
def test_a_key_that_leaves_the_store_is_refused(store: Store, key: str) -> None:
    """For good: another attempt would be refused as well."""
    with pytest.raises(ToolError) as caught:
        store.path(key)
    assert caught.value.permanent


def test_a_link_that_leads_outside_is_refused(store: Store) -> None:
    """Wherever in the path it stands."""
    (store.root / "jobs" / "way").symlink_to("/etc")
    with pytest.raises(ToolError, match="outside the store"):
        store.path("jobs/way/shadow")


def test_an_absolute_path_inside_the_store_is_a_key_too(store: Store) -> None:
    """Old producers write whole paths."""
    file = store.root / "jobs" / "a.mp4"
    file.write_text("x")
    assert store.path(str(file)) == file.resolve()


@pytest.mark.parametrize("kind", ["fifo", "directory", "empty", "missing", "long"])
def test_what_is_no_file_with_something_in_it_is_refused_before_it_is_opened(store: Store, kind: str) -> None:
    """Opening a FIFO would hang for ever."""
    path = store.root / "jobs" / "thing"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    with pytest.raises(ToolError) as caught:
        workspace(store, Step(job_id="j", id="j/cutter/0", file_path="jobs/thing" * (500 if kind == "long" else 1)))
    assert caught.value.permanent


def test_what_came_through_the_inbox_is_removed_with_its_folder(store: Store) -> None:
    """And nothing else is."""
    inbox = store.inbox("j")
    inbox.mkdir(parents=True)
    (inbox / "a.mp4").write_text("x")
    store.clear_inbox(Step(job_id="j", id="j/download/0", file_path="jobs/j/download/0/a.mp4"))
    assert inbox.exists()
    store.clear_inbox(Step(job_id="j", id="j/download/0", file_path="inbox/j/a.mp4"))
    assert not inbox.exists()


def test_a_step_is_held_by_one_at_a_time_and_leaves_no_lock_behind(store: Store) -> None:
    """The second waits until the first is done; the names of steps never mix."""
    order: list[str] = []

    def second() -> None:
        with store.claim(STEP):
            order.append("second")

    thread = threading.Thread(target=second)
    with store.claim(STEP), store.claim(Step(job_id="j", id="j/cutter/1")):
        thread.start()
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert list((store.root / "work").iterdir()) == []


def test_a_failed_attempt_leaves_no_lock_behind(store: Store) -> None:
    """Whatever the handler raised."""
    with pytest.raises(ZeroDivisionError), store.claim(STEP):
        raise ZeroDivisionError
    assert list((store.root / "work").iterdir()) == []


def test_what_a_killed_attempt_left_is_tidied_up_unless_somebody_is_at_work_there(store: Store) -> None:
    """The scratch folder goes with a step that has ended; a second worker that holds it does that himself."""
    (workspace(store).path / "half").write_text("x")
    with store.claim(STEP):
        store.tidy(STEP)
        assert (store.workspace(STEP.id) / "half").exists()
    store.tidy(STEP)
    assert list((store.root / "work").iterdir()) == []


@pytest.mark.parametrize("end", ["done", "cancelled", "parked"])
def test_the_inbox_is_kept_for_a_step_that_a_person_may_retry(store: Store, end: str) -> None:
    """A worker that was killed between the commit and the removal of the file leaves it; the next one removes it."""
    step = Step(job_id="j", id="j/download/0", file_path="inbox/j/a.mp4")
    store.inbox("j").mkdir(parents=True)
    (store.inbox("j") / "a.mp4").write_text("x")
    if end == "done":
        store.workspace(step.id).mkdir()
        store.commit(step, Done(()))
    if end == "cancelled":
        store.cancel("j")
    store.tidy(step)
    assert store.inbox("j").exists() == (end == "parked")
