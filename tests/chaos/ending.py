"""How each job of a run ended, as its events and the parking lots tell. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from clipmill.events import Error, Result
from tests.chaos.job import GIVEN_UP, Job

End = Result | Error

FATES = frozenset({"crash", "disk", "stall", "timeout", "delivery-limit", "killed", "memory"})
"""Causes for which faults alone can end a good job in the parking lot."""
FUSE = "it has crashed its worker"
"""How the reason begins with which the fuse parks a step that was killed with its worker twice."""


@dataclass
class Tree:
    """The ends of one job's steps."""

    job_id: str
    ends: dict[str, list[End]] = field(default_factory=dict)

    def take(self, event: End) -> None:
        """One more event."""
        self.ends.setdefault(event.step_id, []).append(event)

    @property
    def open_steps(self) -> set[str]:
        """Steps that somebody named and that have not ended; with no root, the root."""
        named = {step for ends in self.ends.values() for end in ends for step in _names(end)}
        roots = {end.step_id for ends in self.ends.values() for end in ends if end.parent_id is None}
        return (named or {self.job_id}) - self.ends.keys() if roots else named or {self.job_id}

    @property
    def ended_both_ways(self) -> list[str]:
        """Steps with a result and an error."""
        return [step for step, ends in self.ends.items() if len({type(end) for end in ends}) > 1]

    @property
    def done_after_all(self) -> bool:
        """Whether a step was done after the fuse had parked it: the fuse forgets a step with that, so another copy of
        it, or a redelivery, is worked on like one that a person retries."""
        errors = [end for step in self.ended_both_ways for end in self.ends[step] if isinstance(end, Error)]
        return bool(errors) and all(error.payload.error.startswith(FUSE) for error in errors)

    @property
    def errors(self) -> list[Error]:
        """One for each step that was given up."""
        given_up = [[end for end in ends if isinstance(end, Error)] for ends in self.ends.values()]
        return [errors[0] for errors in given_up if errors]


@dataclass(frozen=True)
class Verdict:
    """What became of a job."""

    job: Job
    ending: str
    """result, parked, cancelled or lost."""
    trouble: tuple[str, ...] = ()
    given_up_by_faults: tuple[str, ...] = ()


def grow(events: Iterable[End]) -> dict[str, Tree]:
    """The trees by jobId."""
    trees: dict[str, Tree] = {}
    for event in events:
        trees.setdefault(event.job_id, Tree(event.job_id)).take(event)
    return trees


def judge(job: Job, trees: Sequence[Tree]) -> Verdict:
    """The verdict on a job with its trees: one, or several where it was admitted more than once without an id."""
    if not trees:
        return Verdict(job, "lost", (f"job {job.number} ({job.kind}) is lost: no event tells how it ended",))
    trouble = [line for tree in trees for line in _trouble(job, tree)]
    errors = [error for tree in trees for error in tree.errors]
    by_faults = tuple(e.payload.error for e in errors if job.kind not in GIVEN_UP and not e.payload.cancelled)
    return Verdict(job, _ending(trees, errors), tuple(trouble), by_faults)


def _ending(trees: Sequence[Tree], errors: Sequence[Error]) -> str:
    if any(tree.open_steps for tree in trees):
        return "lost"
    if any(error.payload.cancelled for error in errors):
        return "cancelled"
    return "parked" if errors else "result"


def _trouble(job: Job, tree: Tree) -> Iterable[str]:
    name = f"job {job.number} ({job.kind}, {tree.job_id})"
    if tree.open_steps:
        yield f"{name} is lost: {', '.join(sorted(tree.open_steps))} never ended"
    for step in [] if tree.done_after_all else tree.ended_both_ways:
        yield f"{name}: {step} has both a result and an error"
    wanted = GIVEN_UP.get(job.kind)
    if wanted and not tree.errors:
        yield f"{name} should have been given up and was not"
    allowed = FATES | {wanted, job.kind}
    for error in tree.errors:
        cause = error.payload.cause
        if cause not in allowed:
            yield f"{name} was given up for the wrong reason: {cause}: {error.payload.error}"


def _names(end: End) -> set[str]:
    spawned = set(end.payload.spawned) if isinstance(end, Result) else set()
    return spawned | {end.step_id} | ({end.parent_id} if end.parent_id else set())


def twice(events: Iterable[End]) -> Counter[str]:
    """Event ids that came more than once, and how often."""
    return Counter({name: count for name, count in Counter(event.id for event in events).items() if count > 1})
