"""What the manager's user may ask of a real systemd, with polkit of Debian 12 and 13: two verbs, our units, no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.image import Recipe
from tests.rig.machine import MASK, SYSTEM, Machine
from tests.rig.requirement import docker_required

RULES = Path(__file__).parents[3] / "deploy/polkit/clipmill-manager.rules"
PLACE = "/usr/share/polkit-1/rules.d/50-clipmill-manager.rules"
UNIT = "[Service]\nExecStart=/bin/sleep infinity\n"


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    recipe = Recipe(f"polkit-{request.param}", request.param, (*SYSTEM, "polkitd", "passwd"), (MASK,))
    with docker_required(), Machine(recipe) as machine:
        machine.put(RULES, PLACE)
        machine.run(f"chmod 644 {PLACE}")
        for name in ("download@", "manager@"):
            machine.write(f"/etc/systemd/system/{name}.service", UNIT)
        machine.run("useradd --system clipmill-manager; useradd --system clipmill")
        machine.run("systemctl daemon-reload; systemctl restart polkit; systemctl start download@1 manager@1")
        yield machine


SYSTEMD = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager"


def _ask(member: str, *words: str) -> str:
    return f"busctl call {SYSTEMD} {member} {' '.join(words)}"


RESTART = _ask("RestartUnit", "ss", "download@1.service", "replace")


def test_the_manager_restarts_a_worker_and_forgives_it(machine: Machine) -> None:
    before = machine.run("systemctl show --value -p MainPID download@1")
    machine.run(RESTART, user="clipmill-manager")
    machine.run(_ask("ResetFailedUnit", "s", "download@1.service"), user="clipmill-manager")
    assert machine.run("systemctl show --value -p MainPID download@1") != before


@pytest.mark.parametrize(
    "question",
    [
        _ask("StopUnit", "ss", "download@1.service", "replace"),
        _ask("RestartUnit", "ss", "manager@1.service", "replace"),
        _ask("RestartUnit", "ss", "dbus.service", "replace"),
        _ask("ResetFailedUnit", "s", "dbus.service"),
        _ask("KillUnit", "ssi", "download@1.service", "all", "9"),
        _ask("Reload"),
    ],
)
def test_anything_else_is_refused(machine: Machine, question: str) -> None:
    said = machine.run(question, user="clipmill-manager", status=1)
    assert "denied" in said or "authentication required" in said


def test_a_worker_may_not_even_do_that(machine: Machine) -> None:
    machine.run(RESTART, user="clipmill", status=1)
