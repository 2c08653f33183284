"""Names of jobs and steps: how they are made, checked and taken apart."""

from __future__ import annotations

import functools
import re
import uuid

# A jobId becomes a folder name and part of a routing key: no dot, no slash, nothing a shell or a path could misread.
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_STEP_ID = re.compile(rf"({_JOB_ID.pattern})/([a-z][a-z-]{{0,31}})/(\d{{1,6}}(?:\.\d{{1,6}}){{0,7}})")

# uuid5 namespace of clipmill: the same AMQP message_id always gives the same jobId.
_NAMESPACE = uuid.UUID("6a0f7b52-6c1d-5e0a-9d5e-0d6d2f1c5c11")

ROOT_INDEX = "0"

LEVELS = 8
"""Numbers in the longest index."""


def new_job_id() -> str:
    """A jobId that no other job has."""
    return uuid.uuid4().hex


def job_id_from(text: str) -> str:
    """The jobId that belongs to `text` (an AMQP message_id, a body): the same text always gives the same jobId."""
    return uuid.uuid5(_NAMESPACE, text).hex


def is_job_id(text: str) -> bool:
    """Whether `text` may be a jobId: 1 to 64 letters, digits, `_` or `-`, beginning with a letter or digit."""
    return _JOB_ID.fullmatch(text) is not None


def step_id(job_id: str, service: str, index: str = ROOT_INDEX) -> str:
    """`jobId/service/index`: deterministic, so a step that is published twice is the same step."""
    return f"{job_id}/{service}/{index}"


@functools.lru_cache(maxsize=16)  # a step's id is taken apart a dozen times on its way
def split_step_id(text: str) -> tuple[str, str, str]:
    """The (jobId, service, index) of a stepId. Raises ValueError when `text` is none."""
    match = _STEP_ID.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r:.200} is no stepId (jobId/service/index)")
    return match[1], match[2], match[3]


def is_step_id(text: str) -> bool:
    """Whether `text` is a stepId."""
    return _STEP_ID.fullmatch(text) is not None


def is_step_id_of(text: str, job_id: str) -> bool:
    """Whether `text` is the stepId of a step of that job."""
    return is_step_id(text) and split_step_id(text)[0] == job_id


def index_below(parent_index: str | None, position: int) -> str:
    """The index of the step that works on the artifact at `position` of the step at `parent_index`.

    Below the root (None) steps count plainly: cutter/0, cutter/1; further down the index tells the way: preview/1.0.
    """
    return str(position) if parent_index is None else f"{parent_index}.{position}"
