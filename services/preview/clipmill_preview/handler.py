"""What the preview worker does with a step: a few seconds from all over its source, and one picture of them."""

from __future__ import annotations

from pathlib import Path

from clipmill import cpu_quota
from clipmill.messages import Step
from clipmill.outcome import Done, Outcome, Reject
from clipmill.probe import Probe, probe
from clipmill.reach import offline
from clipmill.workspace import Workspace
from clipmill_preview import poster, teaser, verify
from clipmill_preview.clips import choose, targets
from clipmill_preview.keyframes import keyframes
from clipmill_preview.size import preview_size
from clipmill_preview.teaser import Teaser


@offline
def handle(step: Step, workspace: Workspace) -> Outcome:
    """A preview of the step's source, and its poster."""
    if workspace.source is None:
        return Reject("the step names no file to look at", "malformed")
    plan = _plan(workspace.source, probe(workspace.source), workspace.settings.job_timeout)
    preview, picture = workspace.path / "preview.mp4", workspace.path / "poster.jpg"
    teaser.make(plan, preview, workspace.progress)
    poster.make(preview, picture, timeout=plan.timeout)
    seconds = verify.preview(preview)
    verify.poster(picture)
    about = dict(zip(("width", "height"), plan.size, strict=True)) | _title(step)
    first = workspace.artifact(preview, kind="preview", seconds=round(seconds, 3), **about)
    return Done((first, workspace.artifact(picture, kind="poster", **about)))


def _plan(source: Path, found: Probe, timeout: float) -> Teaser:
    return Teaser(
        source=source,
        found=found,
        clips=choose(found.seconds, keyframes(source, found, targets(found.seconds))),
        size=preview_size(found.video),
        threads=cpu_quota.threads(),
        timeout=timeout,
    )


def _title(step: Step) -> dict[str, str | int | float]:
    return {"title": step.about["title"]} if "title" in step.about else {}
