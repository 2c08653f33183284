"""Admission: a message from outside gets its jobId and stepId, before anything is worked. Pure."""

from __future__ import annotations

import contextlib
from typing import Any

from clipmill import identifiers, messages, pipeline
from clipmill.messages import MalformedMessage, Step
from clipmill.session import Delivery

_LONGEST_TEXT = 2000


def is_admitted(fields: dict[str, Any]) -> bool:
    """Whether the message carries the identity that admission gives."""
    return "jobId" in fields and "stepId" in fields


def read(fields: dict[str, Any], service: str) -> Step:
    """The step of an admitted message on the queue of `service`. Raises MalformedMessage."""
    step = _read_step(fields)
    if step.service != service:
        raise MalformedMessage(f"stepId {step.id!r} is for {step.service}, but lay on the queue of {service}")
    return step


def read_any(delivery: Delivery, service: str) -> Step:
    """The step of a message on a queue of `service`, admitted before or here. Raises MalformedMessage."""
    fields = messages.read_object(delivery.body)
    return read(fields, service) if is_admitted(fields) else admit(fields, delivery, service)


def admit(fields: dict[str, Any], delivery: Delivery, service: str) -> Step:
    """The job's root step, as it is to be published again. Raises MalformedMessage.

    The jobId is the sender's own, or is derived from the AMQP message_id, so that a message which a producer sends
    twice is one job; without either it is new (the republished step, once confirmed, carries it for good).
    """
    job_id = fields.get("jobId") or _new_job_id(delivery)
    if not isinstance(job_id, str) or not identifiers.is_job_id(job_id):
        raise MalformedMessage(f"{job_id!r:.100} is no jobId: 1 to 64 letters, digits, _ and -")
    if not (fields.get("link") or fields.get("filePath")):
        raise MalformedMessage('the message names neither a "link" nor a "filePath"')
    identity = {
        "jobId": job_id,
        "stepId": identifiers.step_id(job_id, service),
        "submittedAt": messages.now(),
        "replyTo": fields.get("replyTo") or delivery.reply_to,
    }
    follows = {"pipeline": pipeline.DEFAULT} if service == "download" else {}
    return _read_step(follows | fields | identity)


def salvage(delivery: Delivery, service: str) -> Step:
    """As much of a step as an unreadable message gives: enough to tell its sender and to park it under a name.

    The same message always gives the same jobId.
    """
    fields: dict[str, Any] = {}
    with contextlib.suppress(MalformedMessage):
        fields = messages.decode_object(delivery.body)
    job_id = fields.get("jobId")
    if not isinstance(job_id, str) or not identifiers.is_job_id(job_id):
        job_id = identifiers.job_id_from(delivery.message_id or delivery.body.hex())
    told = {key: fields.get(key) for key in ("link", "filePath", "from", "replyTo")}
    texts = {key: text[:_LONGEST_TEXT] for key, text in told.items() if isinstance(text, str)}
    return messages.read_step(texts | {"jobId": job_id, "stepId": identifiers.step_id(job_id, service)})


def _read_step(fields: dict[str, Any]) -> Step:
    step = messages.read_step(fields)
    pipeline.check(step)
    return step


def _new_job_id(delivery: Delivery) -> str:
    return identifiers.job_id_from(delivery.message_id) if delivery.message_id else identifiers.new_job_id()
