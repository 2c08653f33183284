"""The report of a run: one table of jobs and faults, the figures, and every trouble."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos import ending
from tests.chaos.books import Books
from tests.chaos.moment import SETTLING

_SHOWN = 40


def write(books: Books) -> str:
    """For people."""
    return "\n".join([*_jobs(books), "", *_faults(books), "", *_figures(books), "", *_troubles(books)])


def landed(books: Books) -> int:
    """Faults that struck between the end of a work and its ack."""
    return sum(point in SETTLING for _, point in books.stage.struck)


def _jobs(books: Books) -> Iterator[str]:
    plan = books.stage.plan
    yield f"seed {plan.seed}, RabbitMQ {books.stage.broker.version}" + (f", planted: {plan.plant}" * bool(plan.plant))
    yield f"{'job':<20}{'handed over':>12}{'result':>9}{'parked':>9}{'cancelled':>11}{'lost':>7}"
    kinds = sorted({verdict.job.kind for verdict in books.verdicts})
    for kind in [*kinds, ""]:
        counts = Counter(v.ending for v in books.verdicts if kind in ("", v.job.kind))
        row = f"{counts['result']:>9}{counts['parked']:>9}{counts['cancelled']:>11}{counts['lost']:>7}"
        yield f"{kind or 'all':<20}{counts.total():>12}{row}"


def _faults(books: Books) -> Iterator[str]:
    struck = Counter(kind for kind, _ in books.stage.struck)
    settling = Counter(kind for kind, point in books.stage.struck if point in SETTLING)
    yield f"{'fault':<20}{'struck':>12}{'between work and ack':>23}"
    for kind, count in sorted(struck.items()):
        yield f"{kind:<20}{count:>12}{settling[kind]:>23}"
    yield f"{'all':<20}{struck.total():>12}{settling.total():>23}"


def _figures(books: Books) -> Iterator[str]:
    stage = books.stage
    runs = Counter((run.step, run.attempt) for run in stage.desk.runs)
    ended = Counter((run.step, run.attempt) for run in stage.desk.runs if run.ended)
    trees = ending.grow(books.events).values()
    notices = Counter(receipt.id for receipt in stage.receiver.receipts)
    told = {receipt.job_id for receipt in stage.receiver.receipts}
    reasons = Counter(reason for verdict in books.verdicts for reason in verdict.given_up_by_faults)
    silent = [link.noticed_after for m in stage.crew.members for link in m.proxy.half_open if link.noticed_after]
    yield f"seconds                                     {stage.seconds:.0f}"
    yield f"runs of the handler                         {runs.total()}"
    yield f"  attempts run again (the first was cut)    {sum(n - 1 for n in runs.values())}"
    yield f"  of these, run to the end twice            {sum(n - 1 for n in ended.values())}"
    yield f"  worked although done                      {sum(run.again for run in stage.desk.runs)}"
    yield f"events published again (same id)            {sum(n - 1 for n in ending.twice(books.events).values())}"
    yield f"parked again (same step)                    {sum(n - 1 for n in books.parked.values())}"
    yield f"notices                                     {len(notices)}"
    yield f"  sent again (killed while sending)         {sum(n - 1 for n in notices.values())}"
    yield f"  jobs told anew (parked for two reasons)   {len(notices) - len(told)}"
    yield f"anonymous jobs admitted twice               {_admitted_twice(books)}"
    yield f"jobs done after the fuse had parked them    {sum(tree.done_after_all for tree in trees)}"
    yield f"good jobs given up by faults                {sum(bool(v.given_up_by_faults) for v in books.verdicts)}"
    yield from (f"  {count} x {reason}" for reason, count in reasons.most_common())
    yield f"crashes counted when the step had ended     {books.counts_left} (forgotten after a day)"
    yield f"processes killed                            {sum(bool(s) for m in stage.crew.members for s in m.deaths)}"
    yield f"half-open connections noticed after         {', '.join(f'{s:.0f} s' for s in sorted(silent)) or 'none'}"


def _admitted_twice(books: Books) -> int:
    jobs = {event.job_id: event.payload.link for event in books.events if str(event.payload.link).endswith("anonymous")}
    return len(jobs) - len(set(jobs.values()))


def _troubles(books: Books) -> Iterator[str]:
    yield f"TROUBLE: {len(books.trouble)}" if books.trouble else "the books are clean"
    yield from (f"  {line}" for line in books.trouble[:_SHOWN])
    if len(books.trouble) > _SHOWN:
        yield f"  and {len(books.trouble) - _SHOWN} more"
