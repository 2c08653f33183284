"""What a download worker does with one step: a link is fetched, a person's file is taken in, and videos come out."""

from __future__ import annotations

import logging

from clipmill import messages
from clipmill.messages import Artifact, Step
from clipmill.outcome import Done, Outcome, Reject, Retry, ToolError
from clipmill.probe import Probe, probe
from clipmill.workspace import Workspace
from clipmill_download import inbox, link, names
from clipmill_download.catch import Catch, Fetched
from clipmill_download.fetch import fetch
from clipmill_download.verdict import verdict

log = logging.getLogger(__name__)


def handle(step: Step, workspace: Workspace) -> Outcome:
    """Bring the videos of `step` into the store."""
    match _gather(step, workspace):
        case Catch() as catch:
            return _publish(catch, workspace)
        case outcome:
            return outcome


def _gather(step: Step, workspace: Workspace) -> Catch | Retry | Reject:
    if workspace.source:
        return inbox.take(workspace.source, workspace)
    if mistake := link.mistake(step.link):
        return Reject(mistake, "malformed")
    assert step.link
    return fetch(step.link.strip(), workspace)


def _publish(catch: Catch, workspace: Workspace) -> Outcome:
    """The videos among what was caught; what went wrong decides only when there is none."""
    looks = [(file, _look(file)) for file in catch.files]
    videos = [(file, look) for file, look in looks if isinstance(look, Probe)]
    failures = [verdict(failure, now=messages.now()) for failure in catch.failures]
    failures += [look for _, look in looks if not isinstance(look, Probe)]
    if not videos:
        return failures[0] if failures else Reject("there is no video at this link", "unsupported")
    for failure in failures:
        log.warning("left out, since the rest of the link is there: %s", failure.reason)
    return Done(
        tuple(_artifact(file, look, position, workspace) for position, (file, look) in enumerate(videos, start=1))
    )


def _look(file: Fetched) -> Probe | Retry | Reject:
    """A name, a Content-Type and an extractor may lie: only what the file holds makes it a video."""
    try:
        return probe(file.path)
    except ToolError as error:
        return error.outcome()


def _artifact(file: Fetched, look: Probe, position: int, workspace: Workspace) -> Artifact:
    """A second name in the workspace for the file, which keeps its first one: an attempt after this one finds it."""
    path = workspace.path / names.artifact(workspace.step.job_id, position, file.path)
    path.unlink(missing_ok=True)
    path.hardlink_to(file.path)
    width, height = look.video.shown
    return workspace.artifact(path, **file.about | {"seconds": look.seconds, "width": width, "height": height})
