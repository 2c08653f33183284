"""What the cutter does with a step: its source is cut into parts of at most N seconds, every frame once."""

from __future__ import annotations

from clipmill import cpu_quota
from clipmill.messages import Artifact, Step
from clipmill.outcome import Done, Outcome, Reject
from clipmill.reach import offline
from clipmill.workspace import Workspace
from clipmill_cutter import heap, leftovers, profile
from clipmill_cutter.cut import cut
from clipmill_cutter.progress import Progress
from clipmill_cutter.ways import Cuttings, Request


@offline
def handle(step: Step, workspace: Workspace) -> Outcome:
    """Parts of the step's source, in order."""
    if workspace.source is None:
        return Reject("the step names no file to cut", "malformed")
    heap.give_back_large_blocks()
    leftovers.clear(workspace.path)
    request = Request(
        source=workspace.source,
        folder=workspace.path,
        profile=profile.wanted(step.options, workspace.settings),
        threads=cpu_quota.threads(),
        timeout=workspace.settings.job_timeout,
    )
    done = cut(request, Progress(workspace.progress))
    return Done(tuple(_artifact(step, workspace, done, number) for number in range(1, len(done.parts) + 1)))


def _artifact(step: Step, workspace: Workspace, done: Cuttings, number: int) -> Artifact:
    cutting = done.parts[number - 1]
    about: dict[str, str | int | float] = {
        "part": number,
        "parts": len(done.parts),
        "seconds": round(cutting.seconds, 3),
        "width": cutting.width,
        "height": cutting.height,
    }
    title = {"title": step.about["title"]} if "title" in step.about else {}
    # what no part holds is told once, with the first
    notes = {"notes": "; ".join(done.notes)} if done.notes and number == 1 else {}
    return workspace.artifact(cutting.path, **about, **title, **notes)
