"""A person's file, taken from the inbox into the store."""

import os
from pathlib import Path

import pytest

from clipmill import settings
from clipmill.messages import Step
from clipmill.outcome import Done, Reject, ToolError
from clipmill.store import Store
from clipmill.workspace import open_workspace
from clipmill_download.handler import handle
from tests.integration.download.attempt import attempt
from tests.media import clips


@pytest.fixture
def inbox(store: Path) -> Path:
    folder = store / "inbox" / "job"
    folder.mkdir(parents=True)
    return folder


def test_a_file_is_copied_under_a_safe_name_and_its_owner_keeps_it(store: Path, inbox: Path) -> None:
    original = clips.clip(inbox, "-y Holidays: 100% 'fun'.MP4")
    done = attempt(store, file=original)
    assert [file.name for file in done.files] == ["job-1.mp4"]
    assert done.files[0].read_bytes() == original.read_bytes()
    assert done.files[0].stat().st_ino != original.stat().st_ino


def test_the_name_that_the_person_gave_is_its_title(store: Path, inbox: Path) -> None:
    outcome = attempt(store, file=clips.clip(inbox, "Holidays.mp4")).outcome
    assert isinstance(outcome, Done)
    assert outcome.artifacts[0].about == {"title": "Holidays", "seconds": 2.0, "width": 160, "height": 90}


def test_progress_of_a_copy_is_told(store: Path, inbox: Path) -> None:
    assert attempt(store, file=clips.clip(inbox)).progress[-1] == (99, "copying")


@pytest.mark.parametrize(
    ("name", "content"), [("notes.mp4", b"no video"), ("x.mp4", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n")]
)
def test_a_file_that_is_no_video_is_rejected(store: Path, inbox: Path, name: str, content: bytes) -> None:
    (inbox / name).write_bytes(content)
    got = attempt(store, file=inbox / name).outcome
    assert isinstance(got, Reject)
    assert got.cause in ("corrupt", "unsupported")


def test_a_file_that_is_exchanged_after_the_check_is_not_taken(store: Path, inbox: Path) -> None:
    """The inbox belongs to people: the name may lead elsewhere by the time it is opened."""
    secret = clips.clip(store / "jobs" / "other", "clip.mp4")
    clips.clip(inbox, "clip.mp4")
    step = Step(job_id="job", id="job/download/0", file_path="inbox/job/clip.mp4")
    given = settings.load({"STORE": str(store), "DISK_RESERVE": "1M"})
    workspace = open_workspace(Store(store), step, given, lambda percent, note: None)
    inbox.rename(inbox.with_name("away"))
    inbox.symlink_to(secret.parent)
    with pytest.raises(ToolError, match="was exchanged"):
        handle(step, workspace)
    inbox.unlink()
    inbox.mkdir()
    os.mkfifo(inbox / "clip.mp4")
    with pytest.raises(ToolError, match="was exchanged"):
        handle(step, workspace)
    (inbox / "clip.mp4").unlink()
    (inbox / "clip.mp4").symlink_to(secret)
    with pytest.raises(ToolError, match="cannot be read"):
        handle(step, workspace)
