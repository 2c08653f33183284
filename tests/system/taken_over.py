"""A fleet whose handlers have been taken over: what they tried, and what becomes of the same attempts elsewhere."""

import json
import re
from pathlib import Path

from tests.rig import attacks, challenge, taken_over
from tests.rig.deadline import until
from tests.system.fleet import WEB, Fleet

SERVICES = ("download", "cutter", "preview")
ROOT = Path(__file__).parents[2]

Plan = list[tuple[str, str]]


def take_over(fleet: Fleet, service: str, handler: str) -> None:
    """The workers of `service` run `handler` from now on, in the units of the package."""
    fleet.machine.run(f"mkdir -p {taken_over.FOLDER}/tests/rig")
    for module in (attacks, challenge, taken_over):
        fleet.machine.put(
            Path(str(module.__file__)), f"{taken_over.FOLDER}/tests/rig/{Path(str(module.__file__)).name}"
        )
    program = f"from clipmill.worker import main; main('{service}', handler='{handler}')"
    lines = (
        "[Service]",
        f"Environment=PYTHONPATH=/usr/lib/clipmill:{taken_over.FOLDER}",
        "ExecStart=",
        f'ExecStart=/usr/bin/python3 -P -c "{program}" %i',
    )
    fleet.machine.write(f"/etc/systemd/system/{service}@.service.d/90-taken-over.conf", "\n".join(lines) + "\n")
    fleet.machine.run(f"chmod -R a+rX {taken_over.FOLDER}; systemctl daemon-reload; systemctl restart '{service}@*'")


def give_back(fleet: Fleet, *services: str, seconds: float = 60) -> None:
    """The package's own handlers again."""
    for service in services:
        fleet.machine.run(f"rm -f /etc/systemd/system/{service}@.service.d/90-taken-over.conf")
    fleet.machine.run("systemctl daemon-reload; systemctl restart clipmill.target")
    fleet.await_active(seconds=seconds)


def tried(fleet: Fleet, plan: Plan, *services: str, seconds: float = 180) -> dict[str, dict[str, str]]:
    """What came of it in one job, "" where nothing did: by each service, or by those that are named."""
    fleet.machine.write(str(taken_over.PLAN), json.dumps(dict.fromkeys(services or SERVICES, plan)))
    fleet.machine.run(f"chmod -R a+rX {taken_over.FOLDER}")
    job_id = fleet.hand_in(f"{WEB}/video.mp4")
    fleet.await_end(job_id, seconds=seconds)
    return {service: _told(fleet, job_id, service) for service in services or SERVICES}


def _told(fleet: Fleet, job_id: str, service: str) -> dict[str, str]:
    command = f"journalctl JOB_ID={job_id} SYSLOG_IDENTIFIER=clipmill-{service} -o cat"
    found = until(lambda: re.search(r"^tried (.*)$", fleet.machine.run(command), re.M), what=f"{service}'s report")
    assert found
    report: dict[str, str] = json.loads(found[1])
    return report


def succeeds_elsewhere(fleet: Fleet, attack: str, target: str, user: str) -> bool:
    """The same attempt by a program of `user` that is in no sandbox, on the file system of the store."""
    program = f"{taken_over.FOLDER}/tests/rig/attacks.py"
    return fleet.machine.succeeds(
        f"cd /var/lib/clipmill/tmp && runuser -u {user} -- python3 {program} {attack} '{target}'"
    )
