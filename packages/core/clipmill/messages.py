"""The wire, first half: a step as it lies on a work queue, as JSON in camelCase."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from clipmill import identifiers

Pipeline = tuple[tuple[str, ...], ...]

MOST_BYTES = 256 << 10
"""A step is a few hundred bytes; what follows from it is as large as it is, and a broker takes 16 MiB at most."""

_DEEPEST = 100
_LATEST = 253_402_300_799_999  # the end of the year 9999

Moment = Annotated[int, Meta(ge=0, le=_LATEST)]
"""Milliseconds since the epoch."""


class MalformedMessage(Exception):
    """A message that cannot be read as a step; the text says what is wrong with it."""


class Artifact(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A finished file in the store."""

    file_path: str
    """Its key: the path relative to the store."""
    bytes: int
    sha256: str
    about: dict[str, str | int | float] = {}
    """What is known of it, for people and for the steps that follow: title, seconds, width …"""


class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One service's work on one file of a job, as it lies on a work queue."""

    job_id: str
    id: str = msgspec.field(name="stepId")
    parent_id: str | None = None
    """The step that spawned this one; None for a job's root."""
    link: str | None = None
    file_path: str | None = None
    """Key in the store of the file to work on (an absolute path inside the store is accepted too)."""
    sender: str | None = msgspec.field(name="from", default=None)
    noreply: bool = False
    """The sender wants the files named, but not attached."""
    reply_to: str | None = None
    """Queue that is told how the job ended."""
    pipeline: Pipeline = ()
    """Routing slip: the tiers of services that follow; each artifact goes to every service of the first tier."""
    options: dict[str, Any] = {}
    """Wishes of the sender to the handlers, such as `partSeconds`."""
    about: dict[str, str | int | float] = {}
    """What earlier steps learned of the file: title, uploader …"""
    attempt: Annotated[int, Meta(ge=1, le=1000)] = 1
    """Numbered from 1; travels in the message, because brokers count deliveries each in their own way."""
    not_before: Moment | None = None
    """Milliseconds since the epoch before which the step must not run again (a site's Retry-After)."""
    submitted_at: Moment = 0
    """Milliseconds since the epoch at which the job was admitted."""
    extra: dict[str, Any] = {}
    """Fields that this version does not know: kept, ignored, and sent on."""

    @property
    def service(self) -> str:
        """The service that works on the step."""
        return identifiers.split_step_id(self.id)[1]

    @property
    def index(self) -> str:
        """The step's place among the job's steps of its service."""
        return identifiers.split_step_id(self.id)[2]

    @property
    def queue(self) -> str:
        """The work queue on which the step lies."""
        return f"{self.service}_queue"


_KNOWN = {field.encode_name for field in msgspec.structs.fields(Step)} - {"extra"}


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises MalformedMessage, also when it is larger or deeper than any step of ours."""
    if len(body) > MOST_BYTES:
        raise MalformedMessage(f"the message has {len(body)} bytes, more than {MOST_BYTES}")
    fields = decode_object(body)
    if body.count(b"[") + body.count(b"{") > _DEEPEST and _is_deeper(fields, _DEEPEST):
        raise MalformedMessage(f"the message is nested more than {_DEEPEST} deep")
    return fields


def decode_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, whatever its size and depth. Raises MalformedMessage."""
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(f"the message is no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise MalformedMessage(f"the message is a JSON {type(fields).__name__}, not an object")
    return fields


def read_step(fields: dict[str, Any]) -> Step:
    """The step that an admitted message's `fields` describe. Raises MalformedMessage."""
    try:
        step = msgspec.convert({key: value for key, value in fields.items() if key in _KNOWN}, Step)
        job_id, _, _ = identifiers.split_step_id(step.id)
    except (msgspec.ValidationError, ValueError) as error:
        raise MalformedMessage(f"the message has another shape: {error}") from None
    if job_id != step.job_id:
        raise MalformedMessage(f"stepId {step.id!r} does not belong to jobId {step.job_id!r:.100}")
    if step.parent_id is not None and not identifiers.is_step_id_of(step.parent_id, job_id):
        raise MalformedMessage(f"parentId {step.parent_id!r:.100} is no stepId of job {job_id}")
    extra = {key: value for key, value in fields.items() if key not in _KNOWN}
    return msgspec.structs.replace(step, extra=extra) if extra else step


def write_step(step: Step) -> bytes:
    """The step as it travels, unknown fields included."""
    if not step.extra:
        return msgspec.json.encode(step)
    known = msgspec.to_builtins(msgspec.structs.replace(step, extra={}))
    return msgspec.json.encode(step.extra | known)


def _is_deeper(value: object, levels: int) -> bool:
    """Whether anything lies more than so many levels deep. Level by level: a recursion could not find that out."""
    layer: list[object] = [value]
    for _ in range(levels):
        layer = [inner for outer in layer for inner in _inside(outer)]
        if not layer:
            return False
    return True


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def is_moment(number: int) -> bool:
    """Whether so many milliseconds since the epoch can be said in a step."""
    return 0 <= number <= _LATEST


def now() -> int:
    """Milliseconds since the epoch, as every timestamp on the wire (JavaScript's Date.now())."""
    return time.time_ns() // 1_000_000
