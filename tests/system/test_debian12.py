"""The package built for Debian 12, in a Debian 12 with its own systemd 252, Python 3.11 and RabbitMQ 3.10."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig import machine
from tests.rig.machine import booted
from tests.rig.requirement import docker_required
from tests.system.conftest import add_person, build, serve
from tests.system.fleet import WEB, Fleet


@pytest.fixture(scope="module")
def fleet(videos: Path) -> Iterator[Fleet]:
    """$CLIPMILL_DEB12, or what script/package builds for bookworm, installed beside a broker."""
    given = os.environ.get("CLIPMILL_DEB12")
    with docker_required(), booted(machine.prepared("bookworm")) as system:
        system.put(Path(given) if given else build("bookworm", "~deb12"), "/root/clipmill.deb")
        system.run("apt-get install -y /root/clipmill.deb")
        serve(system, videos)
        add_person(system)
        installed = Fleet(system)
        installed.await_active(seconds=180)
        yield installed


@pytest.mark.timeout(900)
def test_jobs_are_done(fleet: Fleet) -> None:
    job = fleet.submit(f"{WEB}/video.mp4 --to user123")
    assert len(job.parts()) == 3
    assert fleet.failed_units() == []


def test_systemd_finds_nothing_to_complain_about_in_the_units(fleet: Fleet) -> None:
    units = "clipmill.target clipmill-broker.service download@1.service preview@1.service ytdlp-update.service"
    assert fleet.machine.run(f"systemd-analyze verify --man=no {units} 2>&1") == ""


def test_apply_makes_the_fleet_equal_to_its_settings(fleet: Fleet) -> None:
    settings = "/etc/clipmill/clipmill.env"
    fleet.machine.run(f"cp {settings} /root/shipped.env; echo DOWNLOAD_WORKERS=3 >> {settings}")
    assert "started: download@3" in fleet.machine.run("clipmill apply")
    fleet.machine.run(f"cp /root/shipped.env {settings}")
    assert "stopped: download@3" in fleet.machine.run("clipmill apply")


def test_the_doctor_says_what_to_do_before_debian_13_and_that_works(fleet: Fleet) -> None:
    assert "clipmill queues export" in fleet.machine.run("clipmill doctor || true")
    told = fleet.machine.run("clipmill queues export /root/queues 2>&1", status=1)
    assert "systemctl stop clipmill.target" in told
    fleet.machine.run("systemctl stop clipmill.target")
    job_id = fleet.hand_in(f"{WEB}/video.mp4")
    assert "copied from download_queue: 1" in fleet.machine.run("clipmill queues export /root/queues")
    fleet.machine.run("systemctl start clipmill.target")
    assert fleet.await_end(job_id).state == "succeeded"
    # the same step again: it is answered from its manifest, or not taken for another
    fleet.machine.run("clipmill queues import /root/queues")
