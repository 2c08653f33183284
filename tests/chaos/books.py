"""The books of a run: every job ended exactly once, every file is whole, everybody was told, nothing is left over."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clipmill.events import Error, Result, read_event
from clipmill.store import Store
from tests.chaos import ending
from tests.chaos.desk import Run
from tests.chaos.ending import End, Tree, Verdict
from tests.chaos.job import SERVICES, Job
from tests.chaos.stage import Stage

_NOTICED_SECONDS = 32
"""28 s, and what a loaded machine adds. The proxy that falls silent acknowledges TCP, as a broker that hangs does."""


@dataclass
class Books:
    """What was found; the run is clean when there is no trouble."""

    stage: Stage
    verdicts: list[Verdict]
    events: list[End]
    parked: Counter[str]
    """Copies in the parking lots, by stepId."""
    repeats: dict[str, int]
    """How often the notifier knows to have sent a notice again, by its id."""
    queues: dict[str, int]
    counts_left: int
    """Crashes that the fuse counted when their step had ended already, on another worker."""
    trouble: list[str] = field(default_factory=list)


async def settle_up(stage: Stage) -> Books:
    """Read what the run has left behind, and check it."""
    queues = await stage.left_in_queues()
    bodies = [delivery.body for delivery in await stage.clerk.take_all("history")]
    events = [event for event in map(read_event, bodies) if isinstance(event, Result | Error)]
    lots = [await stage.clerk.take_all(f"{service}_queue_parked") for service in SERVICES]
    parked = Counter(str(letter.message_id) for lot in lots for letter in lot)
    trees = ending.grow(events)
    verdicts = [ending.judge(job, _trees_of(job, trees)) for job in stage.jobs[: stage.handed_over]]
    repeats = _repeats(stage.room / "notifier" / "notifier.db")
    counts_left = len(list((stage.store.root / "workers" / "crashes").glob("*")))
    books = Books(stage, verdicts, events, parked, repeats, queues, counts_left)
    books.trouble = [*_all_trouble(books, trees)]
    return books


def _all_trouble(books: Books, trees: dict[str, Tree]) -> Iterator[str]:
    stage = books.stage
    for verdict in books.verdicts:
        yield from verdict.trouble
    yield from _parked(trees, books.parked)
    yield from _files(stage.store, books.events)
    yield from _notices(trees, books)
    yield from _left_over(stage.store, books.parked)
    yield from (f"{count} messages are left in {name}" for name, count in books.queues.items())
    yield from _runs(stage.desk.runs)
    yield from _processes(stage)


def _trees_of(job: Job, trees: dict[str, Tree]) -> list[Tree]:
    if job.job_id is not None:
        return [trees[job.job_id]] if job.job_id in trees else []
    return [tree for tree in trees.values() if any(end.payload.link == job.link for end in _ends(tree))]


def _ends(tree: Tree) -> Iterator[End]:
    for ends in tree.ends.values():
        yield from ends


def _parked(trees: dict[str, Tree], parked: Counter[str]) -> Iterator[str]:
    """Given up and parked are one; who cancels a job wants nothing kept."""
    errors = [error for tree in trees.values() for error in tree.errors]
    given_up = {error.step_id for error in errors if not error.payload.cancelled}
    yield from (f"{step} was given up and is not parked" for step in sorted(given_up - parked.keys()))
    yield from (f"{step} is parked without an error" for step in sorted(parked.keys() - given_up))


def _files(store: Store, events: Sequence[End]) -> Iterator[str]:
    """Every artifact that an event names is there as it says, and as the manifest says; no manifest is untold.

    (A worker that has lost its session may still finish a step which another one has told to be cancelled.)
    """
    told = {event.step_id for event in events if isinstance(event, Result) or event.payload.cancelled}
    for event in events:
        if isinstance(event, Result):
            manifest = store.manifest(event.step_id)
            if manifest is None or list(manifest.artifacts) != event.payload.artifacts:
                yield f"{event.step_id}: the result and the manifest differ"
    for path in sorted((store.root / "jobs").glob("*/*/*/manifest.json")):
        step_id = "/".join(path.parts[-4:-1])
        if step_id not in told:
            yield f"{step_id} is done and nobody was told"
        yield from _artifacts(store, step_id, path.parent)


def _artifacts(store: Store, step_id: str, home: Path) -> Iterator[str]:
    manifest = store.manifest(step_id)
    assert manifest
    for artifact in manifest.artifacts:
        path = store.root / artifact.file_path
        data = path.read_bytes() if path.exists() else b""
        if (len(data), hashlib.sha256(data).hexdigest()) != (artifact.bytes, artifact.sha256):
            yield f"{artifact.file_path} does not match its manifest"
    extra = {path.name for path in home.iterdir()} - {Path(a.file_path).name for a in manifest.artifacts}
    yield from (f"{home / name} is in no manifest" for name in sorted(extra - {"manifest.json"}))


def _notices(trees: dict[str, Tree], books: Books) -> Iterator[str]:
    """Each job is told at least once, always with the same id and words; again only where the notifier knows why."""
    receipts = books.stage.receiver.receipts
    ids, bodies, counts = dict[str, set[str]](), dict[str, set[str]](), Counter(receipt.id for receipt in receipts)
    for receipt in receipts:
        ids.setdefault(receipt.job_id, set()).add(receipt.id)
        bodies.setdefault(receipt.id, set()).add(receipt.digest)
    yield from (f"job {job_id}: nobody was told" for job_id in sorted(trees.keys() - ids.keys()))
    for job_id, names in ids.items():
        if len(names) > 1 and not _may_be_told_anew(job_id, trees, books.parked):
            yield f"job {job_id} was told as {sorted(names)}"
    yield from (f"{name} came with different contents" for name, digests in bodies.items() if len(digests) > 1)
    for name, count in counts.items():
        if count > 1 + books.repeats.get(name, 0):
            yield f"{name} came {count} times, and the notifier knows of {books.repeats.get(name, 0)} repeats"


def _may_be_told_anew(job_id: str, trees: dict[str, Tree], parked: Counter[str]) -> bool:
    """A worker that dies between a dead letter and its ack leaves two copies of a step on the ladder. Both are tried to
    the end, which can have two reasons; nothing tells the second end from that of a step which a person retried."""
    tree = trees.get(job_id)
    return tree is not None and (tree.done_after_all or any(parked[step] > 1 for step in tree.ends))


def _left_over(store: Store, parked: Counter[str]) -> Iterator[str]:
    """Workspaces, locks, staging and inbox files, records of steps at hand, empty folders."""
    for path in sorted((store.root / "work").rglob("*")):
        yield f"left over: {path.relative_to(store.root)}"
    for path in sorted((store.root / "workers").glob("*/running")):
        if path.read_bytes().strip():
            yield f"left over: {path.relative_to(store.root)}"
    for path in sorted((store.root / "inbox").glob("*")):
        if f"{path.name}/download/0" not in parked:
            yield f"left over: {path.relative_to(store.root)}"
    for path in sorted((store.root / "jobs").rglob("*")):
        if path.is_dir() and not any(path.iterdir()):
            yield f"left over: {path.relative_to(store.root)}"


def _runs(runs: Sequence[Run]) -> Iterator[str]:
    """What is done is never done again."""
    yield from (f"{run.step} was worked again though its manifest stood" for run in runs if run.again)


def _processes(stage: Stage) -> Iterator[str]:
    """Nobody died but by our hand; nobody is left; a dead connection was noticed in time."""
    for member in stage.crew.members:
        yield from (f"{member.unit} ended by itself with status {status}" for status in member.crashes)
        if member.pid:
            yield f"{member.unit} did not drain"
        for link in member.proxy.half_open:
            if link.noticed_after is not None and link.noticed_after > _NOTICED_SECONDS:
                yield f"{member.unit} noticed a half-open connection after {link.noticed_after:.0f} s"
    yield from (f"the handler's process {pid} is left over" for pid in stage.desk.children if _is_child(pid))


def _is_child(pid: int) -> bool:
    try:
        return b"clipmill.child_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _repeats(path: Path) -> dict[str, int]:
    query = "SELECT notice_id, repeats FROM deliveries WHERE channel = 'webhook' AND repeats > 0"
    connection = sqlite3.connect(path)
    try:
        return dict(connection.execute(query))
    finally:
        connection.close()
