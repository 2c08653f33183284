"""The tables of the history: a row a job; the workers; who did what. Times are milliseconds since the epoch."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table

VERSION = 1
"""Of these tables, kept in the database: an older program must not write into a newer one's."""

# SQLite numbers rows by itself where the key is INTEGER and nothing else
_Key = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("job_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("sender", String),
    Column("link", String),
    Column("file_path", String),
    Column("site", String),
    Column("service", String),
    Column("noreply", Boolean, nullable=False, default=False),
    Column("reason", String),
    Column("first_seen", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("steps", Integer, nullable=False, default=0),
    Column("open_steps", Integer, nullable=False, default=0),
    Column("files", Integer, nullable=False, default=0),
    Column("bytes", BigInteger, nullable=False, default=0),
    # the attempts of its steps, packed: three rows and their keys would take four times the room
    Column("story", LargeBinary, nullable=False),
    Index("jobs_by_name", "job_id", unique=True),
    # the newest first, of all or of one kind; and the oldest, to be let go of
    Index("jobs_by_time", "updated_at"),
    Index("jobs_by_state", "state", "updated_at"),
    Index("jobs_by_sender", "sender", "updated_at"),
    Index("jobs_by_site", "site", "updated_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("worker_id", String, primary_key=True),
    Column("saved_at", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),
    Column("target", String, nullable=False),
    Column("detail", String, nullable=False),
    Index("audit_by_time", "at"),
)

keepsakes = Table(
    "keepsakes",
    metadata,
    Column("name", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""Small things that must be found again after a restart, each by its name: `version`, `alerts`."""
