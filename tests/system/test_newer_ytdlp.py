"""A newer yt-dlp: installed by its unit from an index of the machine, and taken by the next child of a worker."""

from pathlib import Path

import pytest

from tests.rig.deadline import until
from tests.rig.package_index import Index
from tests.system.fleet import WEB, Fleet

NEWER = "2099.1.1"


@pytest.fixture
def index(fleet: Fleet, tmp_path: Path) -> None:
    """Served below the machine's own web server, named in pip's configuration."""
    Index(tmp_path).offer(NEWER)
    fleet.machine.put(tmp_path / "simple", "/srv/www/simple")
    fleet.machine.write("/etc/pip.conf", f"[global]\nindex-url = {WEB}/simple\nno-compile = true\n")


def child_environment(fleet: Fleet, unit: str) -> str:
    """Of the process in which the handler runs."""
    main = fleet.main_pid(unit)
    child = fleet.machine.run(f"pgrep -P {main} | head -n 1").strip()
    return fleet.machine.run(f"tr '\\0' '\\n' < /proc/{child}/environ") if child else ""


@pytest.mark.usefixtures("index")
def test_a_newer_ytdlp_is_installed_and_taken_by_the_next_child_without_a_restart(fleet: Fleet) -> None:
    pid = fleet.main_pid("download@1")
    assert fleet.machine.succeeds("systemctl is-enabled ytdlp-update.timer")
    fleet.machine.run("systemctl start ytdlp-update.service")
    assert NEWER in fleet.machine.run("clipmill doctor || true")
    fleet.machine.run(f"pkill -KILL -P {pid}")
    # the child that died is noticed with the next step, or is there already
    for _ in range(2):
        assert fleet.submit(f"{WEB}/video.mp4").state == "succeeded"
    until(
        lambda: any(f"/clipmill-ytdlp/{NEWER}" in child_environment(fleet, f"download@{n}") for n in (1, 2)),
        what="a child with the newer yt-dlp",
    )
    assert fleet.main_pid("download@1") == pid


def test_it_is_turned_off_by_one_setting(fleet: Fleet) -> None:
    settings = "/etc/clipmill/clipmill.env"
    fleet.machine.run(f"cp {settings} /root/shipped.env; echo YTDLP_UPDATE=no >> {settings}; clipmill apply")
    fleet.machine.run("systemctl start ytdlp-update.service")
    assert "YTDLP_UPDATE=no" in fleet.machine.run("journalctl -u ytdlp-update -n 5 -o cat")
    assert "clipmill-ytdlp" not in child_environment(fleet, "download@1")
    fleet.machine.run(f"cp /root/shipped.env {settings}; clipmill apply; rm /etc/pip.conf")
