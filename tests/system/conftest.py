"""The built package, and machines with it: a bare one, and one with a fleet that several modules share."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig import machine, web_server
from tests.rig.machine import Machine, booted
from tests.rig.program import run
from tests.rig.requirement import docker_required
from tests.system.fleet import PERSON, Fleet

ROOT = Path(__file__).parents[2]
WEB_ROOT = "/srv/www"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of a machine also waits for its image, and for a package that is built in a root of its own."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(1200))


@pytest.fixture(scope="session")
def deb() -> Path:
    """$CLIPMILL_DEB, or what script/package builds from this checkout (after the first time that takes a minute)."""
    if given := os.environ.get("CLIPMILL_DEB"):
        return Path(given)
    return build("trixie", "~deb13")


def build(release: str, suffix: str) -> Path:
    subprocess.run([ROOT / "script/package", "--release", release], check=True)
    return next((ROOT / "dist").glob(f"clipmill_*{suffix}_*.deb"))


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """video.mp4 can be cut by copying packets; film.mkv must be encoded, which takes the cutter a while."""
    folder = tmp_path_factory.mktemp("videos")
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"]
    h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac"]
    ffmpeg = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i"]
    run([*ffmpeg, "testsrc2=size=640x360:rate=25", *sound, "-t", "75", *h264, str(folder / "video.mp4")])
    mpeg4 = ["-c:v", "mpeg4", "-q:v", "4", "-c:a", "aac"]
    run([*ffmpeg, "testsrc2=size=1280x720:rate=25", *sound, "-t", "65", *mpeg4, str(folder / "film.mkv")])
    (folder / "empty.mp4").touch()
    (folder / "letter.mp4").write_text("This is a letter and no video.\n" * 1000)
    return folder


@pytest.fixture(scope="module")
def bare_machine(deb: Path) -> Iterator[Machine]:
    """A Debian with nothing on it, and the package as a file."""
    with docker_required(), booted(machine.bare("trixie")) as system:
        system.put(deb, "/root/clipmill.deb")
        yield system


@pytest.fixture(scope="session")
def fleet(deb: Path, videos: Path) -> Iterator[Fleet]:
    """The package installed beside a broker, with videos on a web server and a person who may submit."""
    with docker_required(), booted(machine.prepared("trixie")) as system:
        system.put(deb, "/root/clipmill.deb")
        system.run("apt-get install -y /root/clipmill.deb")
        serve(system, videos)
        add_person(system)
        installed = Fleet(system)
        installed.await_active(seconds=180)
        yield installed


def serve(system: Machine, videos: Path) -> None:
    for video in videos.iterdir():
        system.run(f"mkdir -p {WEB_ROOT}")
        system.put(video, f"{WEB_ROOT}/{video.name}")
    system.put(Path(web_server.__file__), "/root/web_server.py")
    system.run(f"systemd-run --unit=web --property=Restart=always python3 /root/web_server.py {WEB_ROOT} 8080")


def add_person(system: Machine) -> None:
    system.run(f"useradd --create-home --groups clipmill {PERSON}")
