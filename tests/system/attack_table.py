"""What a handler that was taken over tries in an installed fleet, and who succeeds with the same outside the rings."""

import json

from tests.rig import taken_over
from tests.rig.taken_over import WORKER
from tests.system.fleet import Fleet
from tests.system.taken_over import SERVICES, Plan, succeeds_elsewhere, tried

STORE = "/var/lib/clipmill"

ON_PROCESSES = ("send_signal", "trace", "read_memory", "read_environment")

Table = dict[tuple[str, str], str]
"""An attack and its target: the user for whom it succeeds outside the rings."""


def attacks(fleet: Fleet, other_job: str) -> Table:
    """With a job of somebody else, of which there are files."""
    video = fleet.machine.run(f"find {STORE}/jobs/{other_job}/download -name '*.mp4'").split()[0]
    trees = fleet.machine.run("ls /var/lib/clipmill-notifier").split()[0]
    neighbour = _neighbour(fleet)
    return {
        ("read", "/etc/shadow"): "root",
        ("read", "/run/credentials/cutter@1.service/amqp-password"): "clipmill",
        ("read", "/etc/clipmill/credentials/amqp-submit-password"): "clipmill",
        ("read", video): "clipmill",
        ("look_around", f"{STORE}/jobs"): "clipmill",
        ("read", f"/var/lib/clipmill-notifier/{trees}"): "root",
        ("write", f"{STORE}/jobs/forged"): "clipmill",
        ("write", f"{STORE}/tmp/planted"): "clipmill",
        ("write", video): "clipmill",
        ("link", video): "clipmill",
        **{(attack, neighbour): "clipmill" for attack in ON_PROCESSES},
        ("listen", "127.0.0.1:0"): "clipmill",
    }


def check(fleet: Fleet, table: Table, *, seconds: float = 180) -> None:
    """Each service's attempt comes to nothing, and each control succeeds."""
    own = [(attack, WORKER) for attack in ON_PROCESSES]
    report = tried(fleet, [*table, *own], seconds=seconds)
    assert {len(tries) for tries in report.values()} == {len(table) + len(own)}
    got_through = {service: [what for what, how in tries.items() if how] for service, tries in report.items()}
    assert got_through == {service: [] for service in SERVICES}
    assert [attempt for attempt, user in table.items() if not succeeds_elsewhere(fleet, *attempt, user)] == []


def _neighbour(fleet: Fleet) -> str:
    """A process of the workers' user that does not hide, as workers do; and nothing but the rings holds anybody off."""
    unit = "neighbour"
    if not fleet.active(unit):
        fleet.machine.run(f"systemd-run --quiet --unit={unit} --uid=clipmill sleep infinity")
    fleet.machine.run("test ! -e /proc/sys/kernel/yama/ptrace_scope || echo 0 > /proc/sys/kernel/yama/ptrace_scope")
    return str(fleet.main_pid(unit))


def plan(fleet: Fleet, attempts: Plan, *services: str) -> None:
    """What the handlers of these services try from now on."""
    fleet.machine.write(str(taken_over.PLAN), json.dumps(dict.fromkeys(services, attempts)))
    fleet.machine.run(f"chmod -R a+rX {taken_over.FOLDER}")
