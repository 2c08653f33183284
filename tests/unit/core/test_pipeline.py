"""The routing slip."""

import pytest

from clipmill import pipeline
from clipmill.messages import Artifact, MalformedMessage, Pipeline, Step

STEP = Step(
    job_id="j",
    id="j/download/0",
    link="https://example.org",
    sender="ana",
    noreply=True,
    pipeline=(("cutter", "preview"), ("preview",)),
    attempt=3,
    about={"title": "A", "uploader": "B"},
)
FILES = tuple(
    Artifact(file_path=f"jobs/j/download/0/{name}", bytes=1, sha256="", about={"title": name}) for name in ("x", "y")
)


@pytest.mark.parametrize(
    ("text", "tiers"),
    [
        ("cutter+preview", (("cutter", "preview"),)),
        ("download,cutter+preview", (("cutter", "preview"),)),
        ("cutter , preview", (("cutter",), ("preview",))),
        ("download", ()),
        ("preview", (("preview",),)),
    ],
)
def test_a_pipeline_is_written_with_commas_and_pluses(text: str, tiers: Pipeline) -> None:
    """A comma is "then", a plus "and side by side"; the download is understood."""
    assert pipeline.parse(text) == tiers


@pytest.mark.parametrize("text", ["", "cutter+", "cuter", "cutter,,preview", "shell; rm"])
def test_an_unknown_service_is_named(text: str) -> None:
    """With those that there are."""
    with pytest.raises(ValueError, match="there are: download, cutter, preview"):
        pipeline.parse(text)


def test_each_artifact_goes_to_every_service_of_the_first_tier() -> None:
    """With the rest of the slip, a fresh attempt count, and what is known of the file."""
    steps = pipeline.spawn(STEP, FILES)
    assert [step.id for step in steps] == ["j/cutter/0", "j/preview/0", "j/cutter/1", "j/preview/1"]
    last = steps[-1]
    assert (last.file_path, last.parent_id, last.attempt) == ("jobs/j/download/0/y", "j/download/0", 1)
    assert last.pipeline == (("preview",),)
    assert last.about == {"title": "y", "uploader": "B"}
    assert (last.sender, last.noreply, last.link) == ("ana", True, "https://example.org")


def test_steps_of_deeper_tiers_never_share_an_id() -> None:
    """The index tells the way down the tree."""
    ids = [
        below.id
        for step in pipeline.spawn(STEP, FILES)
        if step.service == "cutter"
        for below in pipeline.spawn(step, FILES)
    ]
    assert ids == ["j/preview/0.0", "j/preview/0.1", "j/preview/1.0", "j/preview/1.1"]


def test_an_empty_slip_spawns_nothing() -> None:
    """The end of the way."""
    assert pipeline.spawn(Step(job_id="j", id="j/cutter/0"), FILES) == []


@pytest.mark.parametrize(
    ("step_id", "slip", "why"),
    [
        ("j/download/0", (("nobody",),), "no service named 'nobody'"),  # no queue would take what follows
        ("j/download/0", (("cutter",),) * 9, "9 tiers"),  # the index of the last would be none
        ("j/cutter/0.0.0.0.0.0.0", (("preview",), ("preview",)), "2 tiers"),
        ("j/download/0", (("cutter",) * 10_000,), "twice"),  # ten thousand times the same step
    ],
)
def test_a_slip_that_leads_nowhere_is_refused_before_anything_is_worked(step_id: str, slip: Pipeline, why: str) -> None:
    """A worker that has done its work could never settle it."""
    parent = None if step_id.endswith("download/0") else "j/download/0"
    with pytest.raises(MalformedMessage, match=why):
        pipeline.check(Step(job_id="j", id=step_id, parent_id=parent, pipeline=slip))
    pipeline.check(Step(job_id="j", id=step_id, parent_id=parent, pipeline=slip[:1] if len(slip) > 1 else ()))
