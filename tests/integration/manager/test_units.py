"""Units as a real systemd tells of them over its D-Bus: Debian 12's and Debian 13's, each in a container."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from clipmill_manager.entities import WorkerThread
from clipmill_manager.register import Register
from clipmill_manager.unit_state import UnitState
from clipmill_manager.units import Units
from tests.rig.image import Recipe
from tests.rig.machine import MASK, SYSTEM, Machine
from tests.rig.program import run
from tests.rig.requirement import docker_required

pytestmark = pytest.mark.anyio

HOST = "mill"

# A worker as systemd sees one: ready, with a STATUS, alive until killed; instance 9 has bad settings.
UNIT = """[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c 'test %i != 9 || exit 78; systemd-notify --ready --status="idle: as %i"; exec sleep infinity'
Restart=always
RestartSec=1
RestartPreventExitStatus=78
MemoryMax=200M
CPUQuota=50%
"""


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    with docker_required(), Machine(Recipe(f"systemd-{request.param}", request.param, SYSTEM, (MASK,))) as machine:
        machine.write("/etc/systemd/system/download@.service", UNIT)
        machine.run("systemctl daemon-reload")
        yield machine


@pytest.fixture
def address(machine: Machine) -> str:
    """The container's system bus, seen from outside: a socket is reached through the root of a process in there."""
    container = machine.run("hostname").strip()
    pid = run(["docker", "inspect", "--format", "{{.State.Pid}}", container]).strip()
    return f"unix:path=/proc/{pid}/root/run/dbus/system_bus_socket"


@dataclass
class Watch:
    """A register that is fed by systemd alone, and what it went through."""

    register: Register = field(default_factory=lambda: Register(HOST))
    states: list[UnitState] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    units: Units = field(init=False)

    def observe(self, unit: UnitState) -> None:
        self.states.append(unit)
        self.register.observe(unit)
        for worker in self.register.workers():
            if worker.worker_path == unit.name and self.statuses[-1:] != [str(worker.status)]:
                self.statuses.append(str(worker.status))
        self.news.set()

    def worker(self, unit: str) -> WorkerThread | None:
        found = [worker for worker in self.register.workers() if worker.worker_path == f"{unit}.service"]
        return found[0] if found else None

    async def until(self, probe: Callable[[], object], seconds: float = 30) -> None:
        """Wait for news until `probe` says yes."""
        async with asyncio.timeout(seconds):
            while not probe():
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def watch(machine: Machine, address: str) -> AsyncIterator[Watch]:
    machine.run("systemctl stop 'download@*'; systemctl reset-failed")
    machine.run("systemctl start download@1")
    watch = Watch()
    watch.units = Units(watch.observe, watch.register.vanish, address=address, retry=0.2)
    watching = asyncio.ensure_future(watch.units.watch())
    await watch.until(lambda: watch.worker("download@1"))
    yield watch
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


async def test_a_unit_that_runs_is_read_at_the_start(watch: Watch, machine: Machine) -> None:
    worker = watch.worker("download@1")
    assert worker
    assert worker.thread_id == int(machine.run("systemctl show --value -p MainPID download@1"))
    assert (worker.status, worker.note, worker.crash_count) == ("running", "idle: as 1", 0)
    assert worker.start_time > 1_700_000_000_000
    assert worker.memory_bytes and worker.memory_bytes < 100 << 20


async def test_a_killed_worker_is_crashed_then_restarting_then_back(watch: Watch, machine: Machine) -> None:
    killed = watch.worker("download@1")
    assert killed
    await asyncio.to_thread(machine.run, f"kill -9 {killed.thread_id}")
    await watch.until(lambda: watch.statuses[-1] == "running" and "crashed" in watch.statuses)
    assert watch.statuses == ["running", "crashed", "restarting", "starting", "running"]
    back = watch.worker("download@1")
    assert back
    assert back.crash_count == 1
    assert back.thread_id != killed.thread_id
    assert back.start_time >= killed.start_time + 1_000


async def test_crashes_are_counted_though_the_unit_is_forgiven(watch: Watch, machine: Machine) -> None:
    """`reset-failed` sets systemd's own NRestarts to zero."""
    await _kill(watch, machine)
    await asyncio.to_thread(machine.run, "systemctl reset-failed download@1")
    await _kill(watch, machine)
    worker = watch.worker("download@1")
    assert worker
    assert worker.crash_count == 2


async def test_an_instance_that_is_started_later_joins_and_one_that_is_stopped_leaves(
    watch: Watch, machine: Machine
) -> None:
    await asyncio.to_thread(machine.run, "systemctl start download@2")
    await watch.until(lambda: (worker := watch.worker("download@2")) and worker.status == "running")
    await asyncio.to_thread(machine.run, "systemctl stop download@2")
    await watch.until(lambda: watch.worker("download@2") is None)
    assert "crashed" not in watch.statuses


async def test_bad_settings_leave_a_worker_crashed_and_not_restarting(watch: Watch, machine: Machine) -> None:
    await asyncio.to_thread(machine.run, "systemctl start download@9", status=1)
    await watch.until(lambda: watch.states[-1].name == "download@9.service" and watch.states[-1].active == "failed")
    worker = watch.worker("download@9")
    assert worker
    assert (worker.status, worker.crash_count) == ("crashed", 1)
    assert watch.states[-1].exit_status == 78


async def test_units_that_are_not_ours_are_not_looked_at(watch: Watch, machine: Machine) -> None:
    await asyncio.to_thread(machine.run, "systemctl restart systemd-journald")
    await asyncio.to_thread(machine.run, "systemctl start download@3")
    await watch.until(lambda: watch.worker("download@3"))
    assert {state.name.partition("@")[0] for state in watch.states} == {"download"}


async def test_a_bus_that_is_restarted_is_found_again(watch: Watch, machine: Machine) -> None:
    await asyncio.to_thread(machine.run, "systemctl restart dbus")
    await asyncio.to_thread(machine.run, "systemctl start download@4")
    await watch.until(lambda: watch.worker("download@4"))
    await _kill(watch, machine)


async def _kill(watch: Watch, machine: Machine) -> None:
    """SIGKILL for the worker, and wait until it is back."""
    crashes = watch.statuses.count("crashed")
    await asyncio.to_thread(machine.run, "kill -9 $(systemctl show --value -p MainPID download@1)")
    await watch.until(lambda: watch.statuses.count("crashed") > crashes and watch.statuses[-1] == "running")


async def test_a_unit_that_is_restarted_for_us_drains_and_comes_back(watch: Watch, machine: Machine) -> None:
    before = watch.worker("download@1")
    assert before
    await watch.units.restart("download@1.service")
    await watch.until(lambda: (now := watch.worker("download@1")) and now.thread_id not in (0, before.thread_id))
    await watch.until(lambda: watch.statuses[-1] == "running")
    assert "crashed" not in watch.statuses


async def test_a_unit_that_is_forgiven_has_no_restarts_and_the_crash_stays_counted(
    watch: Watch, machine: Machine
) -> None:
    await _kill(watch, machine)
    await watch.until(lambda: _restarts(watch) == 1)
    await watch.units.forgive("download@1.service")
    await asyncio.to_thread(machine.run, "test $(systemctl show --value -p NRestarts download@1) = 0")
    worker = watch.worker("download@1")
    assert worker
    assert worker.crash_count == 1


async def test_the_limits_of_a_unit_are_in_its_workers_specification(watch: Watch) -> None:
    (pool,) = [pool for pool in watch.register.pools() if pool.service == "download"]
    assert pool.spec
    assert (pool.spec.path, pool.spec.queue, pool.spec.instances) == ("download@.service", "download_queue", 1)
    assert (pool.spec.memory, pool.spec.cpu, pool.spec.restart_policy) == (200 << 20, 0.5, "always")
    worker = watch.worker("download@1")
    assert worker
    assert worker.memory_limit == 200 << 20


def _restarts(watch: Watch) -> int:
    state = watch.units.state("download@1.service")
    return state.restarts if state else 0
