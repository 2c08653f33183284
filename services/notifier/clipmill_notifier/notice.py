"""The one message that a sender gets: how the job ended, with its files or the reasons why there are none."""

from __future__ import annotations

import msgspec

from clipmill.events import Alert
from clipmill.job_tree import Ending, Failure


class NoticeFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A finished file, as a receiver finds it."""

    path: str
    """Absolute, in the store."""
    file_path: str
    """Its key: the path relative to the store."""
    service: str
    bytes: int
    sha256: str
    about: dict[str, str | int | float] = {}


class NoticePayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the sender is told, for people (title, text) and for programs (the rest)."""

    ending: Ending
    title: str
    text: str
    """Plain text in English: what there is, where it lies, and what went wrong."""
    sender: str | None = msgspec.field(name="from", default=None)
    noreply: bool = False
    link: str | None = None
    file_path: str | None = None
    """The file that the job began with, where it was no link."""
    reply_to: str | None = None
    results: list[str] = []
    """Keys of the files, in order (the reference's name)."""
    files: list[NoticeFile] = []
    attachments: list[str] = []
    """Absolute paths of what to attach to the message: every file, or none when the sender wants no reply."""
    failures: list[Failure] = []


class Notice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="notice"):
    """How a job ended."""

    id: str
    """`jobId/notice`, and `jobId/notice/2` when a retried job ended anew: the same on every repetition."""
    job_id: str
    timestamp: int
    """Milliseconds since the epoch at which the end of the job was noticed."""
    payload: NoticePayload


Told = Notice | Alert
"""What goes to the channels: how a job ended, and what the manager finds wrong or well again."""

_told: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


def notice_id(job_id: str, edition: int) -> str:
    """The id of a job's notice: a job has one, and one more each time that a retried step lets it end differently."""
    return f"{job_id}/notice" if edition == 1 else f"{job_id}/notice/{edition}"


def read_notice(body: bytes) -> Told:
    """The notice or alert in `body`, as it was written here."""
    return _told.decode(body)


def write_notice(notice: Told) -> bytes:
    """The notice or alert as it is kept and as it travels."""
    return msgspec.json.encode(notice)
