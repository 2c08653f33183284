"""Both rings around an installed fleet: what works inside them, and what a handler that was taken over comes to."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig import challenge, web_server
from tests.system import attack_table
from tests.system.conftest import WEB_ROOT
from tests.system.fleet import Fleet
from tests.system.taken_over import SERVICES, Plan, give_back, succeeds_elsewhere, take_over, tried

STORE = "/var/lib/clipmill"
WEB_SERVER = "127.0.0.1:8080"


@pytest.mark.parametrize("unit", ["download@1", "cutter@1", "preview@1", "notifier", "manager"])
def test_each_unit_is_exposed_as_little_as_can_be(fleet: Fleet, unit: str) -> None:
    """systemd's own figure, as for a whole machine: without what a container takes away. Debian's redis has 1.1."""
    template = f"{unit.partition('@')[0]}{'@' if '@' in unit else ''}.service"
    folder = "/usr/lib/systemd/system"
    fleet.machine.run(f"cat {folder}/{template} {folder}/{template}.d/10-fleet.conf > /root/{unit}.service")
    told = fleet.machine.run(f"systemd-analyze security --no-pager --offline=yes --threshold=11 /root/{unit}.service")
    assert "Overall exposure" in told


def test_a_video_comes_over_https_with_a_certificate_of_this_machine(fleet: Fleet, tmp_path: Path) -> None:
    """Names and certificates are read from within both rings."""
    certificate = tmp_path / "site.pem"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [*make.split(), "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True, capture_output=True
    )
    certificate.write_text((tmp_path / "key").read_text() + (tmp_path / "cert").read_text())
    fleet.machine.put(tmp_path / "cert", "/usr/local/share/ca-certificates/site.crt")
    fleet.machine.put(certificate, "/root/site.pem")
    fleet.machine.put(Path(web_server.__file__), "/root/web_server.py")
    fleet.machine.run("update-ca-certificates")
    fleet.machine.run(
        f"systemd-run --unit=tls -p Restart=always python3 /root/web_server.py {WEB_ROOT} 8443 /root/site.pem"
    )
    fleet.machine.run("systemctl restart 'download@*'")
    assert fleet.submit("https://localhost:8443/video.mp4").state == "succeeded"


def test_quickjs_solves_a_challenge_where_no_memory_is_both_written_and_executed(fleet: Fleet) -> None:
    """As yt-dlp has it solved, by its own solver."""
    take_over(fleet, "download", "tests.rig.challenge:handle")
    try:
        job = fleet.submit("http://localhost:8080/watch --pipeline download")
        solved = fleet.machine.run(f"cat {STORE}/jobs/{job.id}/download/0/solution.txt")
    finally:
        give_back(fleet, "download")
    assert solved == challenge.SOLUTION


@pytest.fixture(scope="module")
def secret_job(fleet: Fleet) -> str:
    """Somebody else's job, of which there are files."""
    return fleet.submit("http://localhost:8080/video.mp4").id


@pytest.fixture(scope="module")
def taken(fleet: Fleet, secret_job: str) -> Iterator[Fleet]:
    """Each worker's handler has been taken over."""
    for service in SERVICES:
        take_over(fleet, service, f"tests.rig.taken_over:{service}")
    yield fleet
    give_back(fleet, *SERVICES)


def test_what_was_taken_over_reaches_nothing_that_is_not_its_own(taken: Fleet, secret_job: str) -> None:
    """And the control: outside the rings the same attempts succeed."""
    attack_table.check(taken, attack_table.attacks(taken, secret_job))


def test_cutter_and_preview_reach_no_address(taken: Fleet) -> None:
    """A download does, or it could not do its work."""
    plan: Plan = [("connect", WEB_SERVER), ("send_datagram", WEB_SERVER)]
    report = tried(taken, plan)
    assert not any((*report["cutter"].values(), *report["preview"].values()))
    assert succeeds_elsewhere(taken, "connect", WEB_SERVER, "clipmill")
