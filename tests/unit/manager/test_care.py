"""When a worker is to be started afresh, and when it is forgiven."""

import pytest
from msgspec.structs import replace

from clipmill.events import MemoryUsage, WorkerMetrics
from clipmill.worker_status import WorkerStatus
from clipmill_manager.bus import CallRefused
from clipmill_manager.care import HEALTHY_MS, Trouble, should_forgive, should_restart
from clipmill_manager.caretaker import BETWEEN_RESTARTS_MS, Caretaker
from clipmill_manager.entities import WorkerThread
from clipmill_manager.unit_state import UnitState

WELL = WorkerThread(
    worker_id="mill/download@1",
    worker_path="download@1.service",
    service="download",
    host="mill",
    status=WorkerStatus.IDLE,
    start_time=1_000,
    metrics=WorkerMetrics(memory_usage=MemoryUsage(rss=40, child_rss=30)),
    memory_bytes=100,  # files in memory count there, and are no trouble
    memory_limit=100,
    cpu_share=0.02,
)
MUCH = WorkerMetrics(memory_usage=MemoryUsage(rss=41, child_rss=40))
SILENT = replace(WELL, silent=True)
UNIT = UnitState(name="download@1.service", active="active", restarts=2, invocation="a", started_at=1_000)


@pytest.mark.parametrize(
    ("worker", "trouble"),
    [
        (WELL, None),
        (replace(WELL, metrics=MUCH), Trouble.MEMORY),
        (replace(WELL, metrics=MUCH, memory_limit=None), None),  # no limit, no share of it
        (replace(WELL, metrics=WorkerMetrics()), None),  # it has not told yet
        (replace(WELL, cpu_share=0.95), Trouble.CPU),
        (SILENT, Trouble.NO_SIGN_OF_LIFE),
        (replace(SILENT, metrics=MUCH), Trouble.NO_SIGN_OF_LIFE),  # what it last said of its memory is old
    ],
)
def test_memory_cpu_and_silence_speak_for_a_fresh_start(worker: WorkerThread, trouble: Trouble | None) -> None:
    verdict = should_restart(worker)
    assert (verdict.trouble if verdict else None) == trouble


def test_the_manager_acts_on_silence_alone() -> None:
    assert [trouble for trouble in Trouble if trouble.is_the_managers] == [Trouble.NO_SIGN_OF_LIFE]


@pytest.mark.parametrize(
    ("unit", "worker", "after", "forgiven"),
    [
        (UNIT, WELL, HEALTHY_MS, True),
        (UNIT, WELL, HEALTHY_MS - 1, False),
        (replace(UNIT, restarts=0), WELL, HEALTHY_MS, False),  # nothing to forgive
        (replace(UNIT, active="activating"), WELL, HEALTHY_MS, False),
        (
            replace(UNIT, started_at=5_000),
            WELL,
            HEALTHY_MS,
            False,
        ),  # a new life
        (UNIT, SILENT, HEALTHY_MS, False),
    ],
)
def test_ten_healthy_minutes_forgive_the_crashes_before(
    unit: UnitState, worker: WorkerThread, after: int, forgiven: bool
) -> None:
    assert should_forgive(worker, unit, 1_000 + after) is forgiven


class Host:
    """Units that do what they are told, or refuse; what was asked of them and noted; a clock that is set by hand."""

    def __init__(self) -> None:
        self.units = {UNIT.name: UNIT}
        self.asked: list[tuple[str, str]] = []
        self.noted: list[tuple[str, str, str]] = []
        self.refuses = False
        self.now = 10_000
        self.caretaker = Caretaker(self, self.note, clock=lambda: self.now)

    def state(self, unit: str) -> UnitState | None:
        return self.units.get(unit)

    async def restart(self, unit: str) -> None:
        self._do("restart", unit)

    async def forgive(self, unit: str) -> None:
        self._do("forgive", unit)

    async def note(self, action: str, target: str, detail: str) -> None:
        self.noted.append((action, target, detail))

    async def look(self, *workers: WorkerThread, hears: bool = True) -> None:
        await self.caretaker.look(list(workers), hears=hears)

    def _do(self, action: str, unit: str) -> None:
        self.asked.append((action, unit))
        if self.refuses:
            raise CallRefused("access denied")


pytestmark = pytest.mark.anyio


async def test_a_silent_worker_is_restarted_once_in_its_life_and_that_is_noted() -> None:
    host = Host()
    await host.look(SILENT)
    host.now += BETWEEN_RESTARTS_MS
    await host.look(SILENT)
    assert host.asked == [("restart", UNIT.name)]
    assert host.noted == [("restart", UNIT.name, "no sign of life for more than three minutes")]
    host.units[UNIT.name] = replace(UNIT, invocation="b")
    await host.look(SILENT)
    assert len(host.asked) == 2


async def test_nobody_is_restarted_while_the_manager_could_not_hear_anybody() -> None:
    host = Host()
    await host.look(SILENT, hears=False)
    assert host.asked == []


async def test_workers_of_other_hosts_and_units_that_are_stopping_are_left_alone() -> None:
    host = Host()
    await host.look(replace(SILENT, worker_path="download@7.service"))
    host.units[UNIT.name] = replace(UNIT, active="deactivating")
    await host.look(SILENT)
    assert host.asked == []


async def test_one_worker_is_restarted_at_a_time() -> None:
    host = Host()
    host.units["cutter@1.service"] = replace(UNIT, name="cutter@1.service")
    other = replace(SILENT, worker_path="cutter@1.service")
    await host.look(SILENT, other)
    assert host.asked == [("restart", UNIT.name)]
    host.now += BETWEEN_RESTARTS_MS
    await host.look(SILENT, other)
    assert host.asked[1:] == [("restart", "cutter@1.service")]


async def test_what_is_not_allowed_is_noted_and_not_tried_again() -> None:
    host = Host()
    host.refuses = True
    for _ in range(3):
        host.now += HEALTHY_MS
        await host.look(WELL)
    assert host.asked == [("forgive", UNIT.name)]
    assert "not possible: access denied" in host.noted[0][2]
