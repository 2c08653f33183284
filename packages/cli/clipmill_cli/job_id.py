"""The id of a job as a person types it."""

from __future__ import annotations

from clipmill import identifiers
from clipmill_cli.console import plain
from clipmill_cli.trouble import Status, Trouble


def check(text: str) -> str:
    """The id, or Trouble: it becomes part of paths and addresses."""
    if not identifiers.is_job_id(text):
        raise Trouble(f"{plain(text)!r} is no job: an id is 1 to 64 letters, digits, _ and -", Status.USAGE)
    return text
