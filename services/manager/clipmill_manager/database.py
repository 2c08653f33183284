"""The history's database, opened, checked, made: SQLAlchemy over SQLite in WAL mode, or over PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from clipmill.settings import BadSettings
from clipmill_manager import tables

# FULL: what is acked after a commit must outlive a power cut too; a commit is one fsync of the WAL.
_PRAGMAS = ("page_size=8192", "journal_mode=WAL", "synchronous=FULL", "busy_timeout=1000", "cache_size=-4000")
_DRIVERS = {"postgresql": "postgresql+pg8000", "postgres": "postgresql+pg8000", "sqlite": "sqlite"}


def open_database(address: str, *, password: str | None = None) -> Engine:
    """The database at `address`, its tables made if they are not there. Raises BadSettings, with what to do.

    `address` is `sqlite:////PATH` or `postgresql://USER@HOST/NAME`; `password` stands in for one that it lacks.
    """
    url = _read(address, password)
    engine = create_engine(url, pool_pre_ping=url.drivername != "sqlite", hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare)
    try:
        _adopt(engine, str(url))
    except SQLAlchemyError as error:
        engine.dispose()
        raise BadSettings([f"the history {url} cannot be used: {reason_of(error)}; {_advice(url)}"]) from None
    return engine


def upsert(connection: Connection, table: Table, *, key: str, values: dict[str, Any]) -> Any:
    """INSERT … ON CONFLICT (`key`) DO UPDATE, of rows with the columns of `values`."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table)
    fresh = {column: statement.excluded[column] for column in values if column != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=fresh)


def reason_of(error: SQLAlchemyError) -> str:
    """What the database said, without the statement."""
    said = getattr(error, "orig", None) or error
    details = said.args[0] if said.args else None
    # pg8000 tells the fields of PostgreSQL's answer: M is the message
    return str(details.get("M", details)) if isinstance(details, dict) else str(said)


def _read(address: str, password: str | None) -> URL:
    try:
        url = make_url(address)
        url = url.set(drivername=_DRIVERS[url.drivername])
        url.get_dialect()
    except (ArgumentError, KeyError, NoSuchModuleError):
        raise BadSettings(
            ["HISTORY_URL is no address of a database; write postgresql://USER@HOST/NAME, or leave it out"]
        ) from None
    return url.set(password=password) if password and not url.password and url.drivername != "sqlite" else url


def _adopt(engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        tables.metadata.create_all(connection)
        row = tables.keepsakes.c
        found = connection.execute(select(row.body).where(row.name == "version")).scalar_one_or_none()
        if found is not None and int(found) > tables.VERSION:
            raise BadSettings([f"the history {name} was written by a newer clipmill; install that, or move it away"])
        values = {"name": "version", "body": str(tables.VERSION).encode()}
        connection.execute(upsert(connection, tables.keepsakes, key="name", values=values), values)


def _advice(url: URL) -> str:
    if url.drivername == "sqlite":
        return "see to its permissions, or move it away"
    return "see to HISTORY_URL, to the server, and to the rights of its user"


def _prepare(connection: Any, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
