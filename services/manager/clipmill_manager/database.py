"""The history's database file: opened, checked, made; SQLAlchemy over SQLite in WAL mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from clipmill.settings import BadSettings
from clipmill_manager import tables

# FULL: what is acked after a commit must outlive a power cut too; a commit is one fsync of the WAL.
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=1000", "cache_size=-4000")


def open_database(path: Path) -> Engine:
    """The database in `path`, made if it is not there. Raises BadSettings when it cannot be used, with what to do."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _prepare)
    try:
        _adopt(engine, path)
    except SQLAlchemyError as error:
        advice = "see to its permissions, or move it away"
        raise BadSettings([f"the history {path} cannot be used: {reason_of(error)}; {advice}"]) from None
    return engine


def reason_of(error: SQLAlchemyError) -> str:
    """What the database said, without the statement."""
    return str(getattr(error, "orig", None) or error)


def _adopt(engine: Engine, path: Path) -> None:
    with engine.begin() as connection:
        version = connection.execute(text("PRAGMA user_version")).scalar_one()
        if version > tables.VERSION:
            raise BadSettings([f"the history {path} was written by a newer clipmill; install that, or move it away"])
        tables.metadata.create_all(connection)
        connection.execute(text(f"PRAGMA user_version={tables.VERSION}"))


def _prepare(connection: Any, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
