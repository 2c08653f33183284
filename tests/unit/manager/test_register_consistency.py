"""Whatever is heard in whatever order, the register does not raise, and what it says can be true."""

from hypothesis import given, settings
from hypothesis import strategies as st

from clipmill.events import Event
from clipmill.worker_status import WorkerStatus
from clipmill_manager.register import Register
from clipmill_manager.unit_state import UnitState
from tests.unit.manager import telling
from tests.unit.manager.telling import HOST

NAMES = [f"{HOST}/download@1", f"{HOST}/cutter@1", "elsewhere/preview@7", "nonsense", "", f"{HOST}/notifier"]
STEPS = ["job1/download/0", "job1/cutter/0", "job2/preview/1.2"]

workers = st.sampled_from(NAMES)
times = st.integers(-(10**20), 10**20) | st.integers(0, 5_000)
numbers = st.integers(-(2**70), 2**70) | st.integers(0, 5)
amounts = st.floats(allow_nan=True, allow_infinity=True)
statuses = st.sampled_from([*map(str, WorkerStatus), "", "on fire"])

heartbeats = st.builds(
    telling.heartbeat,
    times,
    statuses,
    worker=workers,
    pid=numbers,
    start_time=times,
    last_activity=times,
    step_id=st.none() | st.sampled_from(STEPS),
    note=st.text(max_size=20),
)
metrics = st.builds(
    telling.metrics,
    times,
    worker=workers,
    jobs_processed=numbers,
    jobs_successful=numbers,
    jobs_failed=numbers,
    average_processing_time=amounts,
    uptime=amounts,
    last_activity=times,
)
steps = st.sampled_from(STEPS)
progress = st.builds(telling.progress, times, steps, amounts, worker=workers)
results = st.builds(telling.result, times, steps, worker=workers)
errors = st.builds(telling.error, times, steps, st.text(max_size=5), worker=workers)
units = st.builds(
    UnitState,
    name=st.sampled_from(["download@1.service", "cutter@1.service", "notifier.service"]),
    active=st.sampled_from(["active", "activating", "deactivating", "inactive", "failed", "reloading", "maintenance"]),
    sub=st.sampled_from(["running", "auto-restart", "start", "dead", "stop-sigterm", "failed", ""]),
    result=st.sampled_from(["success", "signal", "exit-code", "oom-kill", "watchdog", "timeout"]),
    pid=st.integers(0, 3),
    invocation=st.sampled_from(["", "a", "b", "c"]),
    started_at=st.integers(0, 5_000),
    memory_bytes=st.none() | st.integers(0, 2**64),
    cpu_seconds=st.none() | st.floats(0, 1e9),
)
ticks = st.integers(0, 10_000_000)


@settings(max_examples=300, deadline=None)
@given(st.lists(heartbeats | metrics | progress | results | errors | units | ticks, max_size=40))
def test_any_sequence_of_words_and_unit_states_keeps_the_register_consistent(
    told: list[Event | UnitState | int],
) -> None:
    now = 5_000
    register = Register(HOST, clock=lambda: now)
    crashes: dict[str, int] = {}
    for word in told:
        if isinstance(word, int):
            now += word
            register.forget()
        elif isinstance(word, UnitState):
            register.observe(word)
        else:
            register.hear(word)
        _check(register, crashes, now)


def _check(register: Register, crashes: dict[str, int], now: int) -> None:
    shown, health = register.workers(), register.health()
    assert health.total_workers == len(shown) == sum(len(pool.workers) for pool in register.pools())
    assert 0 <= health.active_workers <= health.total_workers
    assert health.success_rate is None or 0 <= health.success_rate <= 1
    assert health.average_uptime >= 0
    for pool in register.pools():
        assert len(pool.workers) <= pool.max_workers
    for worker in shown:
        assert 0 <= worker.start_time <= now
        assert 0 <= worker.last_sign <= now
        assert worker.since <= now
        assert worker.percent is None or 0 <= worker.percent <= 100
        assert worker.step_id is None or worker.status is WorkerStatus.PROCESSING
        assert worker.crash_count >= crashes.get(worker.worker_id, 0), "crashes are never uncounted"
        crashes[worker.worker_id] = worker.crash_count
