"""The life of the package after its installation: upgraded and downgraded at work, removed, installed again, purged.

The last module that uses the shared fleet: at its end there is none.
"""

import re
import time

from tests.system.fleet import UNITS, WEB, Fleet

APT = "DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Options::=--force-confold"
KEPT = "sha256sum /etc/clipmill/clipmill.env /etc/clipmill/credentials/*"


def pids(fleet: Fleet) -> dict[str, int]:
    return {unit: fleet.main_pid(unit) for unit in UNITS}


def rounds(printed: str) -> list[list[str]]:
    """Which units were restarted together, as `clipmill restart` tells it."""
    return [names.split() for names in re.findall(r"^restarted ([^:]+): ", printed, re.MULTILINE)]


def install_at_work(fleet: Fleet, package: str) -> list[list[str]]:
    """Installs a package while downloads and a cut are at work, none of which is lost; what was restarted together."""
    before = pids(fleet)
    jobs = [fleet.hand_in(f"{WEB}/film.mkv"), *(fleet.hand_in(f"{WEB}/slow/video.mp4") for _ in range(3))]
    fleet.await_status(("cutter@1",), jobs[0], seconds=120)
    began = time.monotonic()
    printed = fleet.machine.run(f"{APT} install --allow-downgrades {package}")
    assert time.monotonic() - began < 300
    assert not {unit for unit, pid in pids(fleet).items() if pid == before[unit]}
    for job_id in jobs:
        assert fleet.await_end(job_id).state == "succeeded"
    assert fleet.failed_units() == []
    return rounds(printed)


def test_an_upgrade_at_work_restarts_one_unit_of_each_service_at_a_time_and_loses_nothing(fleet: Fleet) -> None:
    fleet.machine.run("echo '# mine' >> /etc/clipmill/clipmill.env")
    kept = fleet.machine.run(KEPT)
    fleet.machine.run(
        "dpkg-deb -R /root/clipmill.deb /root/next && sed -i 's/^Version: .*/&+next/' /root/next/DEBIAN/control"
        " && dpkg-deb -Znone -b /root/next /root/next.deb"
    )
    together = install_at_work(fleet, "/root/next.deb")
    services = [[name.partition("@")[0] for name in names] for names in together]
    assert all(len(set(names)) == len(names) for names in services)
    assert sorted(name for names in together for name in names) == sorted(UNITS)
    assert fleet.machine.run(KEPT) == kept


def test_a_downgrade_does_too(fleet: Fleet) -> None:
    install_at_work(fleet, "/root/clipmill.deb")


def test_after_its_removal_nothing_runs_and_installed_again_it_goes_on(fleet: Fleet) -> None:
    job = fleet.submit(f"{WEB}/video.mp4")
    kept = fleet.machine.run(KEPT)
    fleet.machine.run(f"{APT} remove clipmill")
    units = "'download@*' 'cutter@*' 'preview@*' 'clipmill*' notifier manager 'ytdlp*'"
    # (a name that somebody still waits for is listed as "not-found inactive dead")
    assert fleet.machine.run(f"systemctl list-units --state=loaded,active --plain --no-legend {units}") == ""
    fleet.machine.run(f"{APT} install /root/clipmill.deb")
    fleet.await_active()
    assert fleet.machine.run(KEPT) == kept
    assert len(job.parts()) == 3
    assert fleet.submit(f"{WEB}/video.mp4").state == "succeeded"


def test_a_purge_leaves_the_finished_videos_if_the_admin_says_so_and_nothing_else(fleet: Fleet) -> None:
    fleet.machine.run("echo 'clipmill clipmill/keep-artifacts boolean true' | debconf-set-selections")
    fleet.machine.run(f"{APT} purge clipmill")
    ours = r"\( -iname '*clipmill*' -o -group clipmill \) -not -path '/root/*' -not -path '/proc/*'"
    left = fleet.machine.run(f"find / -xdev {ours}")
    outside = [path for path in left.split() if not path.startswith("/var/lib/clipmill")]
    assert outside == []
    assert fleet.machine.run("ls -A /var/lib/clipmill").split() == ["jobs"]
    assert "/part-" in left
