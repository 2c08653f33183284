"""The audit trail: who did what to the fleet, when, and what became of it."""

from __future__ import annotations

import msgspec
from sqlalchemy import Engine, delete, select

from clipmill_manager.tables import audit

MANAGER = "manager"
"""Who acts when no person does."""
_LONGEST = 500


class Deed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Something that was done."""

    at: int
    """Milliseconds since the epoch."""
    who: str
    action: str
    target: str
    detail: str = ""


def note(engine: Engine, deed: Deed) -> None:
    """Write it down."""
    values = msgspec.structs.asdict(deed)
    for name in ("who", "action", "target", "detail"):
        values[name] = values[name][:_LONGEST].replace("\0", "\N{REPLACEMENT CHARACTER}")
    with engine.begin() as connection:
        connection.execute(audit.insert(), values)


def newest(engine: Engine, limit: int) -> list[Deed]:
    """What was done last, the newest first."""
    columns = [audit.c[name] for name in Deed.__struct_fields__]
    with engine.connect() as connection:
        rows = connection.execute(select(*columns).order_by(audit.c.id.desc()).limit(limit)).mappings()
        return [Deed(**row) for row in rows]


def prune(engine: Engine, before: int) -> None:
    """Let go of what is older."""
    with engine.begin() as connection:
        connection.execute(delete(audit).where(audit.c.at < before))
