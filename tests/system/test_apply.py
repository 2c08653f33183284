"""`clipmill apply`: the running fleet becomes equal to clipmill.env, in both directions, or stays as it is."""

from collections.abc import Iterator

import pytest

from tests.system.fleet import UNITS, WEB, Fleet

SETTINGS = "/etc/clipmill/clipmill.env"


@pytest.fixture(autouse=True)
def restored(fleet: Fleet) -> Iterator[None]:
    """The settings as shipped, and the fleet with them, whatever a test made of both."""
    fleet.machine.run(f"cp {SETTINGS} /root/shipped.env")
    yield
    fleet.machine.run(f"cp /root/shipped.env {SETTINGS} && clipmill apply")


def add(fleet: Fleet, *rows: str) -> None:
    fleet.machine.write("/root/rows", "".join(f"{row}\r\n" for row in rows))
    fleet.machine.run(f"cat /root/rows >> {SETTINGS}")


def workers(fleet: Fleet, service: str) -> list[str]:
    return fleet.machine.run(f"systemctl list-units --plain --no-legend '{service}@*' | cut -d' ' -f1").split()


def test_where_nothing_is_to_be_done_nothing_is_done(fleet: Fleet) -> None:
    before = {unit: fleet.main_pid(unit) for unit in UNITS}
    assert "6 units" in fleet.machine.run("clipmill apply")
    assert before == {unit: fleet.main_pid(unit) for unit in UNITS}


def test_a_worker_more_and_other_limits_leave_those_that_run_alone(fleet: Fleet) -> None:
    before = fleet.main_pid("download@1")
    add(fleet, "DOWNLOAD_WORKERS=3", "DOWNLOAD_MEMORY=400M", "DOWNLOAD_CPU=0.4", "CUTTER_RESTART=always")
    assert "to be started: download@3" in fleet.machine.run("clipmill apply --dry-run")
    assert not fleet.active("download@3")
    assert "started: download@3" in fleet.machine.run("clipmill apply")
    fleet.await_active("download@3")
    assert fleet.main_pid("download@1") == before
    cgroup = fleet.machine.run("systemctl show -P ControlGroup download@1").strip()
    names = "memory.max memory.limit_in_bytes"
    limits = fleet.machine.run(
        f"cd /sys/fs/cgroup; for n in {names}; do cat .{cgroup}/$n memory{cgroup}/$n; done; true"
    )
    assert str(400 << 20) in limits
    assert "400ms" in fleet.machine.run("systemctl show -p CPUQuotaPerSecUSec download@1")
    assert fleet.machine.run("systemctl show -P Restart cutter@1").strip() == "always"


def test_a_surplus_worker_finishes_its_step_first(fleet: Fleet) -> None:
    add(fleet, "DOWNLOAD_WORKERS=3")
    fleet.machine.run("clipmill apply")
    jobs = [fleet.hand_in(f"{WEB}/slow/video.mp4") for _ in range(3)]
    for job_id in jobs:
        fleet.await_status(("download@1", "download@2", "download@3"), job_id)
    add(fleet, "DOWNLOAD_WORKERS=1")
    assert "stopped: download@2 download@3" in fleet.machine.run("clipmill apply")
    assert workers(fleet, "download") == ["download@1.service"]
    for job_id in jobs:
        assert fleet.await_end(job_id).state == "succeeded"
        assert fleet.machine.run(f"journalctl JOB_ID={job_id} -u 'download@*' -o cat").count("begins") == 1


def test_another_setting_of_the_workers_restarts_them(fleet: Fleet) -> None:
    before = {unit: fleet.main_pid(unit) for unit in UNITS}
    add(fleet, "PART_SECONDS=20")
    assert "restarted: " in fleet.machine.run("clipmill apply")
    assert not {unit for unit in UNITS if fleet.main_pid(unit) == before[unit]}
    assert len(fleet.submit(f"{WEB}/video.mp4").parts()) == 4


def test_mistakes_are_all_named_nothing_is_executed_and_the_fleet_keeps_its_last_good_state(fleet: Fleet) -> None:
    add(fleet, "DOWNLOAD_WORKERS=1")
    fleet.machine.run("clipmill apply")
    before = {unit: fleet.main_pid(unit) for unit in ("download@1", "cutter@1")}
    wrong = ("DOWNLOAD_WORKERS=10000", "CUTTER_WORKERS=-1", "PREVIEW_WORKERS=$(touch /planted)", "DOWNLOAD_CPU=fast")
    add(fleet, *wrong, "STORE=`touch /planted`", "COLOUR=blue", "touch /planted")
    rows = int(fleet.machine.run(f"wc -l < {SETTINGS}"))
    told = fleet.machine.run("clipmill apply 2>&1", status=78)
    assert [f"{SETTINGS}:{number}: " in told for number in range(rows - 6, rows + 1)] == [True] * 7
    fleet.machine.run("systemctl daemon-reload && systemctl start clipmill.target")
    assert workers(fleet, "download") == ["download@1.service"]
    assert before == {unit: fleet.main_pid(unit) for unit in before}
    assert not fleet.machine.succeeds("test -e /planted")
    assert f"{SETTINGS}:{rows}: " in fleet.machine.run("clipmill doctor", status=1)
