"""How jobs ended: lines, JSON, exit status."""

from pathlib import Path

import pytest

from clipmill.job_tree import JobTree
from clipmill_cli import summary
from clipmill_cli.trouble import Status
from tests.unit.manager.telling import error, result

STORE = Path("/store")


def tree(*events) -> JobTree:  # type: ignore[no-untyped-def]
    grown = JobTree(job_id="job")
    for event in events:
        grown.take(event)
    assert grown.is_over
    return grown


ROOT = result(1, "job/download/0", "job/cutter/0", "job/preview/0")
ALL = (
    ROOT,
    result(2, "job/cutter/0", files=3, parent_id=ROOT.step_id),
    result(3, "job/preview/0", parent_id=ROOT.step_id),
)
SOME = (ROOT, ALL[1], error(3, "job/preview/0", "no picture", parent_id=ROOT.step_id))
NONE = (
    ROOT,
    *(error(2, f"job/{name}/0", "no\x1b[2J picture", parent_id=ROOT.step_id) for name in ("cutter", "preview")),
)


@pytest.mark.parametrize(
    ("trees", "status"),
    [
        ([ALL], Status.DONE),
        ([ALL, ALL], Status.DONE),
        ([SOME], Status.PARTLY),
        ([NONE], Status.FAILED),
        ([ALL, NONE], Status.PARTLY),
        ([NONE, NONE], Status.FAILED),
        ([(error(1, "job/download/0", "404"),)], Status.FAILED),
        (
            [(ROOT, error(2, "job/cutter/0", "x", cancelled=True), error(3, "job/preview/0", "x", cancelled=True))],
            Status.FAILED,
        ),
    ],
)
def test_the_exit_status_tells_whether_there_is_all_some_or_nothing(trees, status: Status) -> None:  # type: ignore[no-untyped-def]
    assert summary.exit_status([tree(*events) for events in trees]) is status


def test_the_lines_name_files_absolutely_and_reasons_once_a_step() -> None:
    assert list(summary.lines(tree(*SOME), STORE)) == [
        "job job: partly, 3 parts",
        "  /store/jobs/job/cutter/0/0.mp4  (1.0 kB)",
        "  /store/jobs/job/cutter/0/1.mp4  (1.0 kB)",
        "  /store/jobs/job/cutter/0/2.mp4  (1.0 kB)",
        "  preview/0: no picture",
    ]


def test_a_sites_words_do_not_steer_the_terminal() -> None:
    assert "\x1b" not in "\n".join(summary.lines(tree(*NONE), STORE))


def test_programs_get_the_same_as_json() -> None:
    told = summary.as_json(tree(*SOME), STORE)
    assert (told["jobId"], told["ending"]) == ("job", "partly")
    assert [file["path"] for file in told["files"]] == [f"/store/jobs/job/cutter/0/{n}.mp4" for n in range(3)]
    assert told["files"][0]["service"] == "cutter"
    assert told["failures"] == [
        {"stepId": "job/preview/0", "reason": "no picture", "cause": "unexpected", "cancelled": False}
    ]
