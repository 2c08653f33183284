"""How a job that is over reads: for people as text, for programs as fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from clipmill.session import Publication
from clipmill_notifier.notice import NoticePayload
from clipmill_notifier.render import render
from tests.unit.notifier.job import LINK, cancelled, done, given_up, root, spawned, tree, whole


def told(*events: Publication) -> NoticePayload:
    """The payload for a job that these events tell of."""
    return render(tree(*events), store=Path("/store"), notice_id="job/notice", timestamp=1).payload


ROOT = root("job")
CUTTER, PREVIEW = spawned(ROOT)

TITLES = [
    ([done(ROOT, title="Bunny"), done(CUTTER, 24), done(PREVIEW)], "Bunny is ready: 24 parts and 1 preview"),
    ([done(root("job", pipeline=[]), title="Bunny")], "Bunny is ready: 1 file"),
    ([done(root("job", pipeline=[]), 0)], f"{LINK} is ready: there was nothing to make"),
    ([done(ROOT), done(CUTTER, 2), given_up(PREVIEW)], f"{LINK} is ready in part: 2 parts, but something went wrong"),
    ([given_up(ROOT)], f"{LINK} could not be made ready"),
    ([cancelled(ROOT)], f"{LINK} was cancelled"),
    ([given_up(root("job", link=None, filePath="inbox/job/holiday.mp4"))], "holiday.mp4 could not be made ready"),
    ([given_up(root("job", link=None))], "job job could not be made ready"),
    ([done(root("job", pipeline=[]), title="Bunny\nPRIORITY=0 \x1b[31m")], "Bunny PRIORITY=0 [31m is ready: 1 file"),
    ([given_up(root("job", link="https://example.org/" + "x" * 500))],
     "https://example.org/" + "x" * 99 + "… could not be made ready"),
]  # fmt: skip


@pytest.mark.parametrize(("events", "title"), TITLES, ids=[title[:60] for _, title in TITLES])
def test_the_title_says_what_became_of_it(events: list[Publication], title: str) -> None:
    """In one line, whatever the video calls itself."""
    assert told(*events).title == title


def test_success_reads_as_a_list_of_files() -> None:
    """With length and size, and without a word on failures."""
    assert told(*whole("job", parts=2)).text == (
        "Big Buck Bunny is ready: 2 parts and 1 preview.\n"
        "\n"
        f"From: {LINK}\n"
        "\n"
        "Files:\n"
        "  /store/jobs/job/cutter/0/0.mp4 (30.0 s, 1.5 MB)\n"
        "  /store/jobs/job/cutter/0/1.mp4 (30.0 s, 1.5 MB)\n"
        "  /store/jobs/job/preview/0/0.mp4 (1.5 MB)\n"
        "\n"
        "Job: job\n"
    )


def test_partial_success_says_both() -> None:
    """The files that are there, why the others are not, and where the source is kept."""
    text = told(done(ROOT, title="Bunny"), done(CUTTER), given_up(PREVIEW, "ffmpeg ended with status 1")).text
    assert "/store/jobs/job/cutter/0/0.mp4 (1.5 MB)" in text
    assert "What went wrong:\n  making the preview: ffmpeg ended with status 1\n" in text
    assert "The source is kept: /store/jobs/job/download/0/0.mp4" in text


def test_failures_that_are_alike_are_said_once() -> None:
    """A playlist of twenty whose previews all fail for one reason is one line."""
    steps = spawned(ROOT, 20)
    cuts = [done(step) for step in steps if step.service == "cutter"]
    fails = [given_up(step, "no space left") for step in steps if step.service == "preview"]
    text = told(done(ROOT, 20), *cuts, *fails).text
    assert text.count("no space left") == 1
    assert "  making the preview: no space left (20 times)" in text


def test_who_wants_no_reply_gets_the_files_named_but_not_attached() -> None:
    """Named in text, files and results; attachments are empty."""
    quiet, loud = told(*whole("job", noreply=True)), told(*whole("job"))
    assert (quiet.attachments, quiet.noreply) == ([], True)
    assert loud.attachments == [file.path for file in quiet.files]
    assert quiet.results == [file.file_path for file in quiet.files]
    assert quiet.text == loud.text


def test_a_cancelled_job_still_names_what_was_finished() -> None:
    """The parts that stood when somebody cancelled the rest."""
    payload = told(done(ROOT), done(CUTTER, 2), cancelled(PREVIEW))
    assert payload.ending == "cancelled"
    assert len(payload.files) == 2
