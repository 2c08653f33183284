"""The product's handlers, taken over: each first tries what the plan says, logs how that went, and then does its work.

Runs inside machines: `main("cutter", handler="tests.rig.taken_over:cutter")`.
"""

import functools
import importlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

from clipmill.messages import Step
from clipmill.outcome import Outcome, Reject
from clipmill.workspace import Workspace
from tests.rig.attacks import ATTACKS

FOLDER = "/opt/taken-over"
PLAN = Path(FOLDER, "plan.json")
"""For each service a list of attacks and targets: paths, addresses, or a word for the process of the worker."""

WORKER = "worker"
LAST = "fork_without_end"
"""After this one there is no process left to work with."""

Handler = Callable[[Step, Workspace], Outcome]


def __getattr__(service: str) -> Handler:
    """The handler of `service`, with all that it says of itself."""
    if service.startswith("__"):
        raise AttributeError(service)
    handler: Handler = importlib.import_module(f"clipmill_{service}.handler").handle

    @functools.wraps(handler)
    def handle(step: Step, workspace: Workspace) -> Outcome:
        os.chdir(workspace.path)
        plan = json.loads(PLAN.read_text()).get(service, [])
        tried = {f"{attack} {target}": _try(attack, target) for attack, target in plan}
        logging.getLogger(__name__).info("tried %s", json.dumps(tried))
        return Reject("taken over") if LAST in dict(plan) else handler(step, workspace)

    return handle


def _try(attack: str, target: str) -> str:
    """ "" when it came to nothing."""
    try:
        return f"it gave {ATTACKS[attack](str(_worker()) if target == WORKER else target)!r}"
    except OSError:
        return ""


def _worker() -> int:
    """This process is the attempt's; its parent is the child, whose parent is the worker."""
    status = Path(f"/proc/{os.getppid()}/status").read_text()
    return int(status.partition("PPid:")[2].split()[0])
