"""The notifier's memory: one SQLite file that survives kills and power cuts, its schema, and its transactions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from clipmill.settings import BadSettings

log = logging.getLogger(__name__)

T = TypeVar("T")

_VERSION = 2

# Steps are kept as the events that ended them, so the tree needs no schema of its own: it is grown from them anew.
_SCHEMA = """
CREATE TABLE jobs (
    job_id    TEXT PRIMARY KEY,
    editions  INTEGER NOT NULL DEFAULT 0,  -- notices written so far
    closed_at INTEGER,                     -- milliseconds since the epoch; NULL while a step is open
    bytes     INTEGER NOT NULL DEFAULT 0,  -- of its artifacts
    parked    INTEGER NOT NULL DEFAULT 0,  -- whether a step of it was given up, and may be tried again
    removal_at INTEGER                     -- when its files were told to be removed; NULL while they are kept
) WITHOUT ROWID;
CREATE INDEX jobs_closed ON jobs (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX jobs_kept ON jobs (closed_at, bytes, parked) WHERE removal_at IS NULL;

CREATE TABLE steps (
    job_id  TEXT NOT NULL,
    step_id TEXT NOT NULL,
    event   BLOB NOT NULL,                 -- the event that ended it, as it came
    PRIMARY KEY (job_id, step_id)
) WITHOUT ROWID;

CREATE TABLE notices (
    id     TEXT PRIMARY KEY,
    job_id TEXT NOT NULL,
    body   BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX notices_of_job ON notices (job_id);

CREATE TABLE deliveries (
    notice_id TEXT NOT NULL,
    channel   TEXT NOT NULL,
    state     TEXT NOT NULL DEFAULT 'due', -- due, sending, sent, refused
    due_at    INTEGER NOT NULL,            -- milliseconds since the epoch
    tries     INTEGER NOT NULL DEFAULT 0,
    repeats   INTEGER NOT NULL DEFAULT 0,  -- how often we were killed between sending and recording
    trouble   TEXT,                        -- why the last try failed
    PRIMARY KEY (notice_id, channel)
) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (channel, due_at) WHERE state = 'due';
CREATE INDEX deliveries_begun ON deliveries (channel) WHERE state = 'sending';
"""

# Of a job that was noted before its size was, the events tell.
_FROM_1 = """
ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN removal_at INTEGER;
CREATE INDEX jobs_kept ON jobs (closed_at, bytes, parked) WHERE removal_at IS NULL;
UPDATE jobs SET
    bytes = (SELECT coalesce(sum(artifact.value ->> '$.bytes'), 0)
             FROM steps, json_each(CAST(event AS TEXT), '$.payload.artifacts') AS artifact
             WHERE steps.job_id = jobs.job_id),
    parked = EXISTS (SELECT 1 FROM steps WHERE steps.job_id = jobs.job_id
                     AND CAST(event AS TEXT) ->> '$.type' = 'error'
                     AND coalesce(CAST(event AS TEXT) ->> '$.payload.cancelled', 0) = 0);
"""


class Database:
    """One connection, used from the event loop alone: a commit takes about as long as a disk needs to say so."""

    def __init__(self, path: Path, *, patience: float = 5) -> None:
        """Open the file, or make it; `patience`: seconds between tries while the disk is full. Raises BadSettings."""
        self.path = path
        self._patience = patience
        self._connection = _open(path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def run(self, statement: str, **values: str | int | bytes | None) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(statement, values)

    async def commit(self, work: Callable[[], T]) -> T:
        """What `work` gives, done in one transaction that is on disk when this returns.

        While the disk is full, or somebody else holds the file, it waits and tries again: whoever waits for it has
        not acked, and goes on by himself once there is room.
        """
        while True:
            try:
                with self._transaction():
                    return work()
            except sqlite3.OperationalError as error:
                log.warning("%s: %s; trying again in %g s", self.path, error, self._patience)
                # nothing tells us when there is room again: asking is the event
                await asyncio.sleep(self._patience)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All statements of the block or none."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite itself has rolled back already after some failures, a full disk among them
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as undo:
            connection = undo.enter_context(contextlib.closing(_connect(path)))
            _prepare(connection, path)
            undo.pop_all()
            return connection
    except (OSError, sqlite3.DatabaseError) as error:
        raise BadSettings([f"the notifier's memory {path} cannot be used: {error}; {_ADVICE}"]) from None


def _connect(path: Path) -> sqlite3.Connection:
    # the loop's thread alone uses it, but the garbage collector may close it in any
    return sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    # with NORMAL a power cut could take back what was acked already
    connection.execute("PRAGMA synchronous=FULL")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise BadSettings([f"{path} was written by a newer clipmill (version {version}): install that one"])
    if version < _VERSION:
        steps = _SCHEMA if version == 0 else _FROM_1
        connection.executescript(f"BEGIN;{steps}PRAGMA user_version={_VERSION};COMMIT;")


_ADVICE = "see that its directory exists and may be written to; a damaged file may be moved away, a new one is made"
