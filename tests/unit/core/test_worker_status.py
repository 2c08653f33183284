"""The states of a worker and the order in which they may come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipmill.worker_status import TRANSITIONS, ForbiddenTransition, StatusMachine, WorkerStatus

statuses = st.sampled_from(WorkerStatus)

STORIES = (
    # a quiet life
    ("starting", "running", "idle", "processing", "idle", "processing", "running"),
    # the broker is not up yet
    ("starting", "error", "running", "idle"),
    # the connection is cut in mid-step and comes back
    ("processing", "error", "running", "processing", "idle"),
    # the same when the redelivery arrives with the session
    ("processing", "error", "processing", "idle"),
    # the disk fills up and is emptied
    ("idle", "error", "idle"),
    # it dies in mid-step, and systemd starts it again after five seconds
    ("processing", "crashed", "restarting", "starting", "running", "idle"),
    # it cannot even be executed, again and again
    ("restarting", "crashed", "restarting", "crashed"),
    # a person restarts it
    ("idle", "restarting", "starting"),
    # paused and resumed
    ("idle", "running", "idle"),
)

FORBIDDEN = (
    ("starting", "idle"),  # nobody consumes without a session
    ("starting", "processing"),
    ("crashed", "idle"),  # a dead process does nothing
    ("crashed", "processing"),
    ("crashed", "running"),
    ("crashed", "error"),
    ("restarting", "running"),
    ("restarting", "idle"),
    ("idle", "starting"),  # a new process begins with a new machine
    ("error", "starting"),
)


@pytest.mark.parametrize("story", STORIES, ids=" ".join)
def test_these_stories_can_happen(story: tuple[str, ...]) -> None:
    machine = StatusMachine(WorkerStatus(story[0]))
    for status in story[1:]:
        machine.become(WorkerStatus(status))
    assert machine.status == story[-1]


@pytest.mark.parametrize(("before", "after"), FORBIDDEN)
def test_these_transitions_are_refused(before: str, after: str) -> None:
    machine = StatusMachine(WorkerStatus(before))
    with pytest.raises(ForbiddenTransition, match=f"{before} cannot become {after}"):
        machine.become(WorkerStatus(after))
    assert machine.status == before


def test_there_are_the_seven_states_of_the_reference_and_each_has_a_way_out() -> None:
    names = {"starting", "running", "idle", "processing", "error", "crashed", "restarting"}
    assert {str(status) for status in WorkerStatus} == names
    assert all(TRANSITIONS[status] for status in WorkerStatus)


@given(statuses)
def test_every_living_state_may_crash_and_may_be_restarted(status: WorkerStatus) -> None:
    assert status.may_become(WorkerStatus.CRASHED)
    assert status.may_become(WorkerStatus.RESTARTING)


@given(statuses, statuses)
def test_since_changes_with_the_state_and_only_then(before: WorkerStatus, after: WorkerStatus) -> None:
    times = iter((1_000, 2_000))
    machine = StatusMachine(before, clock=lambda: next(times))
    assert machine.since == 1_000
    if before.may_become(after):
        machine.become(after)
    assert machine.since == (2_000 if machine.status is not before else 1_000)
