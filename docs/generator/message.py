"""Every message on the wire: its name, its schema, and an example that the code itself has written."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, get_args

from clipmill import events, messages
from clipmill.cancellation import Cancel, cancel
from clipmill.messages import Step
from clipmill.removal import Remove, remove
from clipmill_notifier.notice import Notice, write_notice
from docs.generator import examples
from docs.generator.schema import schema_of


@dataclass(frozen=True, kw_only=True)
class Message:
    """What travels in one form."""

    name: str
    schema: dict[str, Any]
    example: bytes
    headers: dict[str, str | int | bool] = field(default_factory=dict)
    """AMQP headers of the example, where it has any."""

    @property
    def summary(self) -> str:
        """One sentence on it."""
        return str(self.schema["description"])


def _step() -> dict[str, Any]:
    schema = schema_of(Step)
    # in the struct it holds the unknown fields; on the wire each of those stands for itself
    del schema["properties"]["extra"]
    return schema


def _submission() -> dict[str, Any]:
    """A step without what admission gives it: all that a producer need write is a link or a file."""
    schema = copy.deepcopy(_step())
    for name in ("stepId", "parentId", "attempt", "notBefore", "submittedAt"):
        del schema["properties"][name]
    schema["required"] = []
    return schema | {
        "title": "Submission",
        "description": "A job as any producer publishes it, by link or file; clipmill admits it and gives it its ids.",
        "anyOf": [{"required": ["link"]}, {"required": ["filePath"]}],
    }


def _event(event: events.Event) -> Message:
    kind = type(event)
    return Message(name=str(kind.__struct_config__.tag), schema=schema_of(kind), example=events.write_event(event))


def _dead_letter() -> Message:
    letter = examples.dead_letter_of()
    about = {
        "title": "DeadLetter",
        "description": "A step that failed, its body untouched, with the reason in headers.",
    }
    return Message(name="dead-letter", schema=_step() | about, example=letter.body, headers=letter.headers)


MESSAGES = (
    Message(name="submission", schema=_submission(), example=examples.SUBMISSION),
    Message(name="step", schema=_step(), example=messages.write_step(examples.root())),
    _dead_letter(),
    _event(examples.result()),
    _event(examples.error()),
    _event(examples.progress()),
    _event(examples.heartbeat()),
    _event(examples.metrics()),
    _event(examples.alert()),
    Message(name="cancel", schema=schema_of(Cancel), example=cancel(examples.root().job_id).body),
    Message(name="remove", schema=schema_of(Remove), example=remove(examples.removal()).body),
    Message(name="notice", schema=schema_of(Notice), example=write_notice(examples.notice())),
)


def event_names() -> set[str]:
    """The names of all events, as the union in the code has them."""
    return {str(kind.__struct_config__.tag) for kind in get_args(events.Event)}
