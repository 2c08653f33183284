"""What systemd and the worker do about a worker that crashes, hangs, grows, or cannot start."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rig.deadline import until
from tests.system import planted_worker
from tests.system.fleet import WEB, Fleet

DROP_IN = "/run/systemd/system/cutter@1.service.d/99-planted.conf"


@contextmanager
def planted(fleet: Fleet, fault: str, *settings: str) -> Iterator[int]:
    """cutter@1 with a fault that SIGUSR1 sets off; its main process."""
    fleet.machine.run("mkdir -p /srv/planted")
    fleet.machine.put(Path(planted_worker.__file__), "/srv/planted/planted_worker.py")
    program = f"/usr/bin/python3 -P /srv/planted/planted_worker.py %i {fault}"
    lines = ["[Service]", "ExecStart=", f"ExecStart={program}", *settings, ""]
    fleet.machine.write(DROP_IN, "\n".join(lines))
    restart(fleet)
    try:
        yield fleet.main_pid("cutter@1")
    finally:
        fleet.machine.run(f"rm {DROP_IN}")
        restart(fleet)


def restart(fleet: Fleet) -> None:
    fleet.machine.run("systemctl daemon-reload && systemctl restart cutter@1")
    fleet.await_status(("cutter@1",), "idle")


def set_off(pid: int) -> str:
    return f"kill -USR1 {pid}"


def await_successor(fleet: Fleet, unit: str, pid: int, seconds: float) -> float:
    """Seconds until the unit has another main process."""
    began = time.monotonic()
    until(lambda: fleet.main_pid(unit) not in (0, pid), what=f"another {unit}", seconds=seconds)
    return time.monotonic() - began


def entry(fleet: Fleet, unit: str, text: str) -> dict[str, str]:
    """The newest journal entry of a unit that holds `text`, with all its fields."""
    found = fleet.machine.run(f"journalctl -u {unit} -o json -n 1 --grep {text!r}")
    fields: dict[str, str] = json.loads(found)
    return fields


def test_the_delay_between_restarts_grows_as_the_rule_says(fleet: Fleet) -> None:
    """RN-WM001: 5 s, then twice as long each time; `docs/facts.md` has the whole ladder, which takes ten minutes."""
    for rule in (5, 10):
        pid = fleet.main_pid("preview@1")
        fleet.machine.run(f"kill -KILL {pid}")
        assert rule * 0.95 < await_successor(fleet, "preview@1", pid, seconds=rule + 20) < rule + 5
        fleet.await_status(("preview@1",), "idle")
    shown = fleet.machine.run("systemctl show -P RestartUSecNext preview@1")
    assert shown.startswith(("19.", "20")), shown
    fleet.machine.run("systemctl reset-failed preview@1")


def test_a_crash_is_told_with_worker_error_stack_and_time(fleet: Fleet) -> None:
    with planted(fleet, "crash") as pid:
        fleet.machine.run(set_off(pid))
        await_successor(fleet, "cutter@1", pid, seconds=30)
        told = entry(fleet, "cutter@1", "crashed")
    assert told["WORKER"] == "cutter@1"
    assert "RuntimeError: planted" in told["EXCEPTION"]
    assert "planted_worker.py" in told["EXCEPTION"]
    assert int(told["__REALTIME_TIMESTAMP"]) > 0


def test_a_worker_whose_loop_hangs_and_one_that_is_frozen_are_ended_by_the_watchdog(fleet: Fleet) -> None:
    """WatchdogSec=30: the last sign of life may be half of that old."""
    with planted(fleet, "hang") as hanging:
        frozen = fleet.main_pid("preview@1")
        fleet.machine.run(f"{set_off(hanging)}; kill -STOP {frozen}")
        began = time.monotonic()
        for unit, pid in (("cutter@1", hanging), ("preview@1", frozen)):
            await_successor(fleet, unit, pid, seconds=90)
            assert "watchdog" in fleet.machine.run(f"journalctl -u {unit} -n 20 -o cat").lower()
        assert time.monotonic() - began < 60
        assert fleet.submit(f"{WEB}/video.mp4").state == "succeeded"


def test_a_worker_that_grows_finishes_its_step_and_makes_room_for_a_fresh_process(fleet: Fleet) -> None:
    """Under the policy on-failure, which would not bring back what ends well. Meanwhile, a look at its ffmpeg."""
    with planted(fleet, "grow", "MemoryMax=400M", "Restart=on-failure") as pid:
        job_id = fleet.hand_in(f"{WEB}/film.mkv")
        fleet.await_status(("cutter@1",), job_id, seconds=120)
        fleet.machine.run(set_off(pid))
        command = until(lambda: fleet.machine.run("ps -C ffmpeg -o args= || true"), what="ffmpeg", seconds=60)
        assert "-threads 1 " in command  # the unit's one CPU, however many the machine has
        assert fleet.await_end(job_id).state == "succeeded"
        until(
            lambda: "starting afresh" in fleet.machine.run("journalctl -u cutter@1 -n 20 -o cat"),
            what="a fresh process",
            seconds=60,
        )
        fleet.await_status(("cutter@1",), "idle")
        assert fleet.main_pid("cutter@1") == pid
        assert fleet.machine.run("systemctl show -P NRestarts cutter@1").strip() == "0"
    assert fleet.machine.run(f"journalctl JOB_ID={job_id} -u cutter@1 -o cat").count("begins") == 1


UNFIT = [
    pytest.param(
        "mv /etc/clipmill/credentials/amqp-password /root/",
        "mv /root/amqp-password /etc/clipmill/credentials/",
        "dpkg-reconfigure clipmill",
        id="a missing credential",
    ),
    pytest.param(
        "chown root:root /var/lib/clipmill/jobs && chmod 0755 /var/lib/clipmill/jobs",
        "chown clipmill:clipmill /var/lib/clipmill/jobs && chmod 0750 /var/lib/clipmill/jobs",
        "/var/lib/clipmill/jobs: not writable",
        id="a folder of another owner",
    ),
    pytest.param(
        "mount --bind -o ro /var/lib/clipmill /var/lib/clipmill",
        # the mount has reached the rooms of the units that run, and leaves them with these only
        "umount --lazy /var/lib/clipmill && systemctl restart clipmill.target",
        "mounted read-only",
        id="a read-only state directory",
    ),
]


@pytest.mark.parametrize(("spoil", "mend", "says"), UNFIT)
def test_a_worker_that_cannot_start_fails_once_and_says_what_to_do(
    fleet: Fleet, spoil: str, mend: str, says: str
) -> None:
    fleet.machine.run(spoil)
    try:
        fleet.machine.run("systemctl restart download@2", status=1)
        shown = fleet.machine.run("systemctl show download@2 -p ActiveState -p NRestarts").split()
        assert set(shown) == {"ActiveState=failed", "NRestarts=0"}
        told = fleet.machine.run("journalctl -u download@2 -n 20 -o cat")
        assert says in told
        assert "Traceback" not in told
    finally:
        fleet.machine.run(mend)
    fleet.machine.run("systemctl start download@2")
    fleet.await_active()


def test_no_secret_is_seen_in_processes_units_or_the_journal(fleet: Fleet) -> None:
    for name in ("amqp-password", "amqp-submit-password", "webhook-secret"):
        secret = fleet.machine.run(f"cat /etc/clipmill/credentials/{name}").strip()
        assert len(secret) > 20
        # the pattern goes in by a file, or the search would find itself
        fleet.machine.write("/root/secret", secret)
        places = "/proc/[0-9]*/cmdline /proc/[0-9]*/environ /usr/lib/systemd/system /run/systemd /etc/systemd"
        assert fleet.machine.run(f"grep -rlaFf /root/secret {places} 2>/dev/null || true") == ""
        assert fleet.machine.run("journalctl -o export | grep -caFf /root/secret || true").strip() == "0"
