"""The inner ring: what an attempt that was taken over tries comes to nothing; outside the ring it succeeds."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clipmill import landlock, settings
from clipmill.child import Child
from clipmill.messages import Step
from clipmill.outcome import Cancelled, Done, Outcome, Reject, Retry
from clipmill.store import Store
from tests.rig import attacks

pytestmark = pytest.mark.anyio

NEEDS_SCOPES = pytest.mark.skipif(landlock.abi() < landlock.SCOPES, reason="Linux before 6.12 has no scopes")
NEEDS_FILES = pytest.mark.skipif(landlock.abi() < landlock.FILES, reason="this kernel has no Landlock")

FAMILY = """
import os, time
for _ in range(5):
    os.fork() or os.setsid()
print(flush=True)
time.sleep(600)
"""
IDLE = "import sys, time; print(flush=True); time.sleep(600)"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with the files of another job in it, and a secret beside it."""
    store = Store(tmp_path / "store")
    store.prepare()
    for name in ("store/jobs/other/download/0", "store/work/other.cutter.0", "store/inbox/other"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "video.mp4").write_text("a video of somebody else")
    (tmp_path / "store/jobs/mine/download/0").mkdir(parents=True)
    (tmp_path / "store/jobs/mine/download/0/video.mp4").write_text("my video")
    (tmp_path / "amqp-password").write_text("secret")
    return store.root


@pytest.fixture
def victim() -> Iterator[int]:
    """Another process of the same user."""
    with subprocess.Popen([sys.executable, "-c", IDLE], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.kill()


@pytest.fixture
def peer() -> Iterator[dict[str, str]]:
    """Somebody who listens on TCP, UDP and an abstract socket of this machine."""
    name = f"clipmill-test-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        datagrams.bind(("127.0.0.1", 0))
        abstract.bind(f"\0{name}")
        abstract.listen()
        yield {
            "tcp": f"127.0.0.1:{server.getsockname()[1]}",
            "udp": f"127.0.0.1:{datagrams.getsockname()[1]}",
            "abstract": name,
        }


async def outcome_of(store: Path, handler: str, **options: Any) -> Outcome:
    """One attempt of a step with my video for its input."""
    given = settings.load({"STORE": str(store), "DISK_RESERVE": str(options.pop("reserve", 1))})
    step = Step(job_id="mine", id="mine/cutter/0", file_path="jobs/mine/download/0/video.mp4", options=options)
    async with Child(f"tests.unit.core.attacker:{handler}", given, "cutter@1") as child:
        return await child.attempt(step, lambda report: None)


async def comes_to_nothing(store: Path, attack: str, target: object, handler: str = "handle") -> None:
    """And the control: the same attempt, by a program of the same user that is in no sandbox, succeeds."""
    outcome = await outcome_of(store, handler, attack=attack, target=str(target))
    assert isinstance(outcome, Reject), outcome
    program = [sys.executable, attacks.__file__, attack, str(target)]
    control = subprocess.run(program, cwd=store.parent, capture_output=True, text=True, timeout=60)
    assert control.returncode == 0, control.stderr


@NEEDS_FILES
@pytest.mark.parametrize(
    ("attack", "target"),
    [
        ("read", "amqp-password"),
        ("read", "/etc/shadow"),
        ("read", "store/jobs/other/download/0/video.mp4"),
        ("read", "store/work/other.cutter.0/video.mp4"),
        ("read", "store/inbox/other/video.mp4"),
        ("look_around", "store/jobs"),
        ("look_around", "store/work"),
        ("look_around", "/root"),
        ("write", "store/jobs/other/download/0/video.mp4"),
        ("write", "store/jobs/mine/download/0/video.mp4"),
        ("write", "store/work/other.cutter.0/new"),
        ("write", "elsewhere"),
        ("remove", "store/jobs/other/download/0/video.mp4"),
        ("link", "store/jobs/other/download/0/video.mp4"),
        ("link", "store/jobs/mine/download/0/video.mp4"),
    ],
)
async def test_files_that_are_not_its_own_are_out_of_reach(store: Path, attack: str, target: str) -> None:
    """Neither read nor listed nor changed; its own input is not changed either."""
    await comes_to_nothing(store, attack, store.parent / target)


@pytest.mark.parametrize("attack", ["trace", "read_memory"])
async def test_other_processes_keep_their_memory_to_themselves(store: Path, victim: int, attack: str) -> None:
    """Its worker's password is in one."""
    await comes_to_nothing(store, attack, victim)


@NEEDS_SCOPES
async def test_other_processes_cannot_be_signalled(store: Path, victim: int) -> None:
    """Not even its own worker."""
    await comes_to_nothing(store, "send_signal", victim)


@NEEDS_SCOPES
async def test_abstract_sockets_are_out_of_reach(store: Path, peer: dict[str, str]) -> None:
    """Whatever listens there has no file whose rights could hold anybody off."""
    await comes_to_nothing(store, "talk_to_abstract_socket", peer["abstract"])


@pytest.mark.parametrize(
    ("attack", "way"), [("connect", "tcp"), ("send_datagram", "udp"), ("listen", "free")], ids=["TCP", "UDP", "listen"]
)
async def test_cutter_and_preview_have_no_network(store: Path, peer: dict[str, str], attack: str, way: str) -> None:
    """Not even this machine."""
    await comes_to_nothing(store, attack, peer.get(way, "127.0.0.1:0"), "handle_offline")


async def test_the_services_of_the_product_are_confined() -> None:
    """By what each handler says of itself."""
    from clipmill import child_main, reach  # the child's own way to find it

    names = {name: child_main.load(f"clipmill_{name}.handler:handle") for name in ("download", "cutter", "preview")}
    assert {name: reach.of(handle) for name, handle in names.items()} == {
        "download": reach.Reach.INTERNET,
        "cutter": reach.Reach.NOTHING,
        "preview": reach.Reach.NOTHING,
    }


async def test_a_download_reaches_the_network_and_listens_on_no_port(store: Path, peer: dict[str, str]) -> None:
    """TCP rules came with ABI 4."""
    reached = await outcome_of(store, "handle", attack="connect", target=peer["tcp"])
    assert isinstance(reached, Cancelled), reached
    if landlock.abi() >= landlock.TCP:
        await comes_to_nothing(store, "listen", "127.0.0.1:0")


async def test_what_a_handler_needs_it_can_do(store: Path) -> None:
    """Its input, its workspace, links and renames in there."""
    outcome = await outcome_of(store, "use_what_is_needed")
    assert isinstance(outcome, Done), outcome
    assert (store / outcome.artifacts[0].file_path).read_text() == "my video"


@pytest.mark.parametrize("name", ["jobs/other/download/0/video.mp4", None], ids=["by its name", "by a link"])
async def test_another_jobs_file_is_not_passed_on(store: Path, name: str | None) -> None:
    """The worker, which may read everything, would give it to the next step: a forged artifact is refused."""
    target = store / "jobs/other/download/0/video.mp4"
    outcome = await outcome_of(store, "pass_on", target=str(target), **({"name": name} if name else {}))
    assert isinstance(outcome, Reject), outcome
    assert not (store / "jobs/mine/cutter").exists()


async def test_nothing_runs_on_when_an_attempt_is_over(store: Path) -> None:
    """A process that has left its group, session and parents would write into the files after they were checked."""
    target = store / "work/mine.cutter.0/clock"
    given = settings.load({"STORE": str(store), "DISK_RESERVE": "1"})
    options = {"attack": "leave_a_process_behind", "target": str(target)}
    step = Step(job_id="mine", id="mine/cutter/0", file_path="jobs/mine/download/0/video.mp4", options=options)
    async with Child("tests.unit.core.attacker:handle", given, "cutter@1") as child:
        assert isinstance(await child.attempt(step, lambda report: None), Cancelled)
        assert child.pid
        assert not Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()


async def test_a_disk_that_fills_ends_the_attempt(store: Path) -> None:
    """Before others feel it; and what it wrote is gone."""
    disk = os.statvfs(store)
    # half of the reserve is what ends it: 512 MiB from here, where the attack would go on to 8 GiB
    reserve = 2 * (disk.f_bavail * disk.f_frsize - (512 << 20))
    outcome = await outcome_of(store, "handle", attack="fill_the_disk", target="", reserve=reserve)
    assert isinstance(outcome, Retry), outcome
    assert outcome.cause == "disk"
    assert not list((store / "work").glob("mine*/junk*"))


async def test_no_file_is_larger_than_what_there_is_room_for(store: Path) -> None:
    """One call could take the whole disk between two looks."""
    disk = os.statvfs(store)
    reserve = disk.f_bavail * disk.f_frsize
    outcome = await outcome_of(store, "handle", attack="allocate_at_once", target=".", reserve=reserve)
    assert isinstance(outcome, Reject), outcome


def test_a_process_that_forks_on_and_on_is_ended_with_its_family() -> None:
    """Each of them stopped before the first is killed; here by a worker, which does not adopt them."""
    from clipmill import family

    with subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, process_group=0) as process:
        assert process.stdout
        for _ in range(32):
            process.stdout.readline()
        family.end(process.pid)
        assert process.wait(30) == -signal.SIGKILL
        deadline = time.monotonic() + 30
        while process.stdout.read(1):  # the pipe's end: none of the 32 holds it any more
            assert time.monotonic() < deadline
