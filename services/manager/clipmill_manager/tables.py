"""The tables of the history: jobs, the attempts of their steps, workers. Times are milliseconds since the epoch."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

VERSION = 1
"""Of these tables, kept in the file: an older program must not write into a newer one's."""

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("sender", String),
    Column("link", String),
    Column("file_path", String),
    Column("noreply", Boolean, nullable=False, default=False),
    Column("reason", String),
    Column("first_seen", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("steps", Integer, nullable=False, default=0),
    Column("open_steps", Integer, nullable=False, default=0),
    Column("files", Integer, nullable=False, default=0),
    Column("bytes", BigInteger, nullable=False, default=0),
    # the newest first, of all or of one state; and the oldest, to be let go of
    Index("jobs_by_time", "updated_at"),
    Index("jobs_by_state", "state", "updated_at"),
)

steps = Table(
    "steps",
    metadata,
    Column("job_id", String, ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True),
    Column("step", String, primary_key=True),  # the stepId without its jobId: service/index
    Column("attempt", Integer, primary_key=True),
    Column("parent_id", String),
    Column("worker_id", String),
    Column("waiting_since", BigInteger),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    # the event that ended the step, as it came: a job's tree is grown from these, by the same code everywhere
    Column("event", LargeBinary),
)

workers = Table(
    "workers",
    metadata,
    Column("worker_id", String, primary_key=True),
    Column("saved_at", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
)
