"""Handlers that have been taken over: each tries what its step's options say, and tells how that went."""

import os
import shutil

from clipmill import tools
from clipmill.messages import Step
from clipmill.outcome import Cancelled, Done, Outcome, Reject
from clipmill.reach import offline
from clipmill.workspace import Workspace
from tests.rig.attacks import ATTACKS


def handle(step: Step, workspace: Workspace) -> Outcome:
    """Reject says that it came to nothing, Cancelled that it succeeded."""
    os.chdir(workspace.path)
    try:
        ATTACKS[step.options["attack"]](step.options["target"])
    except OSError as error:
        return Reject(f"{type(error).__name__}: {error}")
    return Cancelled("it succeeded")


@offline
def handle_offline(step: Step, workspace: Workspace) -> Outcome:
    """The same, without a network."""
    return handle(step, workspace)


def pass_on(step: Step, workspace: Workspace) -> Outcome:
    """Gives out a link to another job's file as an artifact of its own."""
    path = workspace.path / "part.mp4"
    (workspace.path / "real").write_text("real")
    artifact = workspace.artifact(workspace.path / "real")
    path.symlink_to(step.options["target"])
    key = workspace.store.key(workspace.store.home(step.id) / path.name)
    return Done((type(artifact)(file_path=step.options.get("name", key), bytes=4, sha256="0" * 64),))


def use_what_is_needed(step: Step, workspace: Workspace) -> Outcome:
    """Reads its input, runs a program, writes, renames and links in its workspace."""
    assert workspace.source
    with (workspace.path / "on the worker's old number").open("w"):
        tools.run(["true"], timeout=60)
    shutil.copyfile(workspace.source, workspace.path / "copy")
    (workspace.path / "folder").mkdir()
    (workspace.path / "copy").rename(workspace.path / "folder/moved")
    (workspace.path / "artifact").hardlink_to(workspace.path / "folder/moved")
    return Done((workspace.artifact(workspace.path / "artifact"),))
