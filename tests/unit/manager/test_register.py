"""The register: what the manager knows of each worker, from its own words and from systemd's."""

import pytest

from clipmill_manager.entities import WorkerThread
from clipmill_manager.register import FORGOTTEN_AFTER_MS, MOST_WORKERS, SILENT_AFTER_MS, Register
from clipmill_manager.unit_state import UnitState
from tests.unit.manager.telling import HOST, WORKER, heartbeat, metrics, progress, result

UNIT = "download@1.service"
STEP = "job1/download/0"


class Clock:
    now = 10_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def register(clock: Clock) -> Register:
    return Register(HOST, clock=clock)


def worker(register: Register) -> WorkerThread:
    (found,) = [worker for worker in register.workers() if worker.worker_id == WORKER]
    return found


def unit(active: str, sub: str, *, result: str = "success", pid: int = 100, invocation: str = "a") -> UnitState:
    return UnitState(name=UNIT, active=active, sub=sub, result=result, pid=pid, invocation=invocation, started_at=1_000)


RUNS = unit("active", "running")
KILLED = unit("deactivating", "stop-sigterm", result="signal")
CRASHED = unit("activating", "auto-restart", result="signal", pid=0)
STARTS = unit("activating", "start", pid=200, invocation="b")
RUNS_AGAIN = unit("active", "running", pid=200, invocation="b")


def test_a_heartbeat_makes_a_worker_known_with_the_references_properties(register: Register) -> None:
    register.hear(heartbeat(9_000, "idle"))
    known = worker(register)
    assert (known.worker_path, known.thread_id, known.status) == (UNIT, 100, "idle")
    assert (known.start_time, known.last_activity, known.crash_count) == (1_000, 9_000, 0)


def test_no_other_event_does_for_it_may_be_days_old(register: Register) -> None:
    register.hear(metrics(9_000))
    register.hear(progress(9_000, STEP))
    register.hear(result(9_000, STEP))
    assert register.workers() == []


def test_progress_between_two_heartbeats_says_that_a_step_is_at_hand_and_its_result_that_it_is_not(
    register: Register,
) -> None:
    register.hear(heartbeat(9_000, "idle"))
    register.hear(progress(9_100, STEP, 40))
    assert (worker(register).status, worker(register).step_id, worker(register).percent) == ("processing", STEP, 40)
    register.hear(result(9_200, STEP))
    assert (worker(register).status, worker(register).step_id, worker(register).percent) == ("idle", None, None)


def test_progress_that_arrives_after_the_result_changes_nothing(register: Register) -> None:
    register.hear(heartbeat(9_000, "processing", step_id=STEP))
    register.hear(result(9_200, STEP))
    register.hear(progress(9_100, STEP, 90))
    assert worker(register).status == "idle"


def test_a_heartbeat_that_was_overtaken_changes_nothing(register: Register) -> None:
    register.hear(heartbeat(9_500, "error", note="no room on the disk"))
    register.hear(heartbeat(9_400, "idle"))
    assert (worker(register).status, worker(register).note) == ("error", "no room on the disk")


def test_a_crash_goes_by_way_of_crashed_and_restarting_back_to_work(register: Register) -> None:
    register.observe(RUNS)
    register.hear(heartbeat(9_000, "processing", step_id=STEP))
    seen = [str(worker(register).status)]
    for state in (KILLED, CRASHED, STARTS, RUNS_AGAIN):
        register.observe(state)
        seen.append(str(worker(register).status))
    assert seen == ["processing", "crashed", "restarting", "starting", "running"]
    assert worker(register).crash_count == 1
    assert worker(register).thread_id == 200
    assert worker(register).step_id is None


def test_a_crash_is_counted_once_however_often_systemd_speaks_of_it(register: Register) -> None:
    for state in (RUNS, CRASHED, CRASHED, CRASHED, STARTS, RUNS_AGAIN):
        register.observe(state)
    assert worker(register).crash_count == 1


def test_a_crash_that_happened_before_the_manager_looked_is_counted(register: Register) -> None:
    register.observe(CRASHED)
    assert (worker(register).crash_count, worker(register).status) == (1, "restarting")


def test_a_process_that_cannot_even_be_executed_crashes_each_time(register: Register) -> None:
    for invocation in "abc":
        register.observe(unit("activating", "start", invocation=invocation, pid=ord(invocation)))
        register.observe(unit("activating", "auto-restart", result="exit-code", invocation=invocation, pid=0))
    assert (worker(register).crash_count, worker(register).status) == (3, "restarting")


def test_a_failed_unit_stays_crashed(register: Register) -> None:
    register.observe(RUNS)
    register.observe(unit("failed", "failed", result="exit-code", pid=0))
    assert worker(register).status == "crashed"


def test_the_last_words_of_the_dead_do_not_bring_them_back(register: Register) -> None:
    register.observe(RUNS)
    register.observe(CRASHED)
    register.hear(heartbeat(9_900, "processing", step_id=STEP, pid=100))
    register.hear(progress(9_950, STEP, 50))
    assert worker(register).status == "restarting"


def test_the_last_words_of_the_dead_do_not_disturb_the_living(register: Register, clock: Clock) -> None:
    register.observe(RUNS)
    register.observe(CRASHED)
    register.observe(UnitState(name=UNIT, active="active", sub="running", pid=200, invocation="b", started_at=9_500))
    register.hear(heartbeat(9_400, "processing", step_id=STEP, pid=100))
    assert (worker(register).status, worker(register).thread_id) == ("running", 200)


def test_a_heartbeat_that_is_quicker_than_systemd_is_believed(register: Register) -> None:
    register.observe(RUNS)
    register.hear(heartbeat(9_900, "idle", pid=200, start_time=9_800))
    register.observe(RUNS_AGAIN)
    assert (worker(register).status, worker(register).thread_id) == ("idle", 200)


def test_a_worker_that_is_stopped_on_purpose_leaves_and_comes_back_with_its_crash_count(register: Register) -> None:
    for state in (RUNS, CRASHED, STARTS, RUNS_AGAIN):
        register.observe(state)
    register.observe(unit("inactive", "dead", pid=0, invocation="b"))
    assert register.workers() == []
    register.observe(unit("activating", "start", pid=300, invocation="c"))
    assert (worker(register).status, worker(register).crash_count) == ("starting", 1)


def test_a_worker_that_replaces_itself_keeps_its_pid_and_begins_anew(register: Register) -> None:
    register.hear(heartbeat(9_000, "error"))
    register.hear(metrics(9_000, jobs_processed=3, jobs_successful=2, jobs_failed=1))
    register.hear(heartbeat(9_500, "running", start_time=9_400))
    known = worker(register)
    assert (known.status, known.start_time, known.metrics.jobs_processed) == ("running", 9_400, 0)


def test_health_counts_over_all_the_processes_a_worker_has_had(register: Register) -> None:
    register.hear(heartbeat(9_000))
    register.hear(metrics(9_000, jobs_processed=4, jobs_successful=3, jobs_failed=1))
    register.hear(heartbeat(9_500, pid=200, start_time=9_400))
    register.hear(metrics(9_600, jobs_processed=4, jobs_successful=4))
    health = register.health()
    assert (health.total_workers, health.active_workers, health.total_jobs) == (1, 1, 8)
    assert health.success_rate == 7 / 8
    assert health.average_uptime == pytest.approx(0.6)


def test_the_events_that_notifier_and_manager_take_are_no_jobs(register: Register) -> None:
    for service in ("download@1", "notifier", "manager"):
        register.hear(heartbeat(9_000, worker=f"{HOST}/{service}"))
        register.hear(metrics(9_000, worker=f"{HOST}/{service}", jobs_processed=5, jobs_successful=5))
    assert (register.health().total_workers, register.health().total_jobs) == (3, 5)


def test_health_says_nothing_of_success_before_anything_was_done(register: Register) -> None:
    assert register.health().success_rate is None
    assert register.health().average_uptime == 0


def test_a_silent_worker_is_marked_and_no_longer_counts_as_active(register: Register, clock: Clock) -> None:
    register.hear(heartbeat(10_000))
    clock.now += SILENT_AFTER_MS + 1
    assert worker(register).silent
    assert register.health().active_workers == 0
    (pool,) = [pool for pool in register.pools() if pool.service == "download"]
    assert pool.health_check == "down"


def test_a_worker_that_no_systemd_knows_is_forgotten_when_it_was_silent_for_long(
    register: Register, clock: Clock
) -> None:
    register.hear(heartbeat(10_000, worker="elsewhere/cutter@1"))
    register.observe(RUNS)
    clock.now += FORGOTTEN_AFTER_MS + 1
    register.forget()
    assert [worker.worker_id for worker in register.workers()] == [WORKER]


@pytest.mark.parametrize(
    ("statuses", "health"),
    [
        ((), "empty"),
        (("idle", "processing"), "healthy"),
        (("idle", "error"), "degraded"),
        (("error", "starting"), "down"),
    ],
)
def test_a_pools_health_follows_from_its_workers(register: Register, statuses: tuple[str, ...], health: str) -> None:
    for number, status in enumerate(statuses):
        register.hear(heartbeat(9_000, status, worker=f"{HOST}/cutter@{number}"))
    (pool,) = [pool for pool in register.pools() if pool.service == "cutter"]
    assert (pool.health_check, len(pool.workers), pool.strategy) == (health, len(statuses), "first-free")


def test_a_pool_may_be_as_large_as_systemd_has_instances_for_it(register: Register) -> None:
    for number in (1, 2, 3):
        register.observe(UnitState(name=f"download@{number}.service", active="inactive", sub="dead"))
    register.vanish("download@3.service")
    (pool,) = [pool for pool in register.pools() if pool.service == "download"]
    assert (pool.max_workers, pool.workers) == (2, [])


def test_a_register_that_is_restored_goes_on_where_the_other_ended(register: Register, clock: Clock) -> None:
    register.observe(RUNS)
    register.observe(CRASHED)
    heir = Register(HOST, clock=clock)
    heir.restore(register.take_changes())
    heir.observe(CRASHED)  # what a full read at the start says once more
    assert (worker(heir).crash_count, worker(heir).status) == (1, "restarting")


def test_only_what_must_survive_is_a_change(register: Register) -> None:
    register.hear(heartbeat(9_000))
    assert [record.worker_id for record in register.take_changes()] == [WORKER]
    register.hear(heartbeat(9_500))
    register.observe(UnitState(name="cutter@1.service", active="inactive"))
    assert register.take_changes() == []


@pytest.mark.parametrize("name", ["", "x" * 1_000, "mill/\x00", "mill/\ndownload@1"])
def test_a_name_that_cannot_be_shown_is_not_taken(register: Register, name: str) -> None:
    register.hear(heartbeat(9_000, worker=name))
    assert register.workers() == []


def test_the_register_does_not_grow_without_end(register: Register) -> None:
    for number in range(MOST_WORKERS + 10):
        register.hear(heartbeat(9_000, worker=f"{HOST}/download@{number}"))
    assert len(register.workers()) == MOST_WORKERS


def test_times_of_the_future_and_absurd_numbers_are_bent_into_what_can_be_true(
    register: Register, clock: Clock
) -> None:
    register.hear(heartbeat(10**30, "idle", pid=-5, start_time=10**40))
    register.hear(metrics(10**30, jobs_processed=10**50, uptime=-1.0, average_processing_time=float("nan")))
    known = worker(register)
    assert known.last_sign == known.start_time == clock.now
    assert (known.thread_id, known.metrics.jobs_processed) == (0, 2**53 - 1)
    assert (known.metrics.uptime, known.metrics.average_processing_time) == (0, 0)


@pytest.mark.parametrize("status", ["crashed", "restarting", "on fire", ""])
def test_a_worker_does_not_say_of_itself_what_only_the_dead_are(register: Register, status: str) -> None:
    register.hear(heartbeat(9_000, "idle"))
    register.hear(heartbeat(9_100, status))
    assert worker(register).status == "idle"
    assert worker(register).last_sign == 9_100
