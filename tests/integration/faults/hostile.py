"""Malformed and hostile messages, drawn from a seed: what a stranger, a bug or an enemy may publish. Pure."""

import datetime
import decimal
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Drawing = Callable[[random.Random], Any]
Body = Callable[[random.Random], bytes]

_FRAME = 90_000
"""Nearly as much as all the properties of a message may take."""


class Timestamp(int):
    """A time in a header, in seconds; who gives milliseconds is somewhere in the year 57 000."""


@dataclass(frozen=True)
class Message:
    """A body, and the AMQP properties beside it."""

    body: bytes
    properties: dict[str, Any] = field(default_factory=dict)


def step(chance: random.Random, number: int, service: str) -> Message:
    """For a work queue or a dead-letter queue."""
    valid = {
        "jobId": f"h{number}",
        "stepId": f"h{number}/{service}/0",
        "link": "good",
        "from": "mallory",
        "noreply": False,
        "pipeline": [],
        "options": {},
        "about": {"title": "x"},
        "attempt": 1,
    }
    if chance.random() < 0.3:
        del valid["stepId"]
    return Message(_spoil(chance, valid, _STEP_FIELDS), _properties(chance, number))


def cancellation(chance: random.Random, number: int) -> Message:
    """For the control exchange, or the queue of cancellations."""
    return Message(_spoil(chance, {"type": "cancel", "jobId": f"c{number}"}, _CANCEL_FIELDS), _properties(chance, 0))


def event(chance: random.Random, number: int) -> Message:
    """For the results exchange: any of the five kinds."""
    valid = chance.choice(_EVENTS)(number)
    fields = _EVENT_FIELDS | dict.fromkeys(valid, _junk)
    if chance.random() < 0.7:
        inner = chance.choice([key for key in ("payload", "metrics") if key in valid])
        spoilt = _mutate(chance, dict(valid[inner]), _PAYLOAD_FIELDS | dict.fromkeys(valid[inner], _junk))
        return Message(_encode(chance, valid | {inner: spoilt}), _properties(chance, 0))
    return Message(_spoil(chance, valid, fields), _properties(chance, 0))


def dead_letter_headers(chance: random.Random) -> dict[str, Any]:
    """Ours, as somebody else might write them; one as long as a frame can be."""
    if chance.random() < 0.02:
        return {chance.choice(("x-reason", "x-cause")): "x" * _FRAME}
    names = ("x-reason", "x-cause", "x-permanent", "x-not-before", "x-delivery-count")
    given = {name: _header(chance) for name in names if chance.random() < 0.4}
    return given | ({"x-death": [_death(chance)] * chance.randint(1, 20)} if chance.random() < 0.3 else {})


# bodies


def _spoil(chance: random.Random, valid: dict[str, Any], fields: dict[str, Drawing]) -> bytes:
    """The body with something wrong about it; sometimes with nothing, which must work."""
    roll = chance.random()
    if roll < 0.25:
        return chance.choice(_RAW)(chance)
    if roll < 0.35:
        return _damaged(chance, _encode(chance, valid))
    return _encode(chance, _mutate(chance, valid, fields))


def _mutate(chance: random.Random, valid: dict[str, Any], fields: dict[str, Drawing]) -> dict[str, Any]:
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        name = chance.choice(list(fields))
        if chance.random() < 0.1:
            valid.pop(name, None)
        else:
            valid[name] = (_junk if chance.random() < 0.3 else fields[name])(chance)
    return valid


def _encode(chance: random.Random, fields: dict[str, Any]) -> bytes:
    """As JSON, or what Python takes for it (NaN, Infinity); now and then with a key twice, or deeper than it looks."""
    body = json.dumps(fields, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    if chance.random() < 0.05:
        name, value = chance.choice([*fields, "jobId"]), json.dumps(_junk(chance)).encode()
        body = body[:-1] + b"," * bool(fields) + json.dumps(name).encode() + b":" + value + b"}"
    if chance.random() < 0.05:
        body = body[:-1] + b',"deep":' * bool(fields) + _nest(chance) * bool(fields) + b"}"
    return body


def _damaged(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body))
    return chance.choice(
        (
            body[:at],
            body[at:],
            body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :],
            body[:at] + b"\0" + body[at:],
        )
    )


def _nest(chance: random.Random) -> bytes:
    """Around Python's limit above all, where one call more is one too many."""
    depth = chance.choice((chance.randint(1, 3000), chance.randint(880, 1000), chance.randint(90, 110)))
    left, right = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return left * depth + b"1" + right * depth


_RAW: tuple[Body, ...] = (
    lambda chance: b"",
    lambda chance: chance.randbytes(chance.randint(1, 300)),
    lambda chance: b'{"link": "\xff\xfe\xc3\x28"}',
    lambda chance: b'\xef\xbb\xbf{"link": "x"}',
    lambda chance: '{"link": "x"}'.encode("utf-16"),
    lambda chance: b'{"link": "\\ud800"}',
    _nest,
    lambda chance: b"[" * chance.randint(1, 100_000),
    lambda chance: b'{"link":' * chance.randint(1, 20_000),
    lambda chance: chance.choice((b"NaN", b"Infinity", b"null", b"true", b"7", b'"text"', b"[]", b"{}", b"1e999")),
    lambda chance: b'{"link": "x", "attempt": ' + b"9" * chance.randint(1, 5000) + b"}",
    lambda chance: b'{"link": "x", "link": "y", "link": {"z": NaN}}',
    lambda chance: b"<job><link>x</link></job>",
    lambda chance: b'{"link": "' + b"x" * (1 << 20) + b'"}' if chance.random() < 0.02 else b'{"link": ""}',
)

# values


def _junk(chance: random.Random) -> Any:
    """Anything at all."""
    return chance.choice(_JUNK)(chance)


def _text(chance: random.Random) -> str:
    return "".join(chance.choice("aZ0_-./\\%:{}\0\n\u202e\U0001f4a9é ") for _ in range(chance.randint(0, 40)))


def _long(chance: random.Random) -> str:
    return chance.choice("xé\0") * (1 << 20 if chance.random() < 0.02 else chance.randint(50, 5000))


def _deep(chance: random.Random) -> Any:
    value: Any = 1
    for _ in range(chance.choice((5, 60, 120, 200))):
        value = [value] if chance.random() < 0.5 else {"a": value}
    return value


_JUNK: tuple[Drawing, ...] = (
    lambda chance: None,
    lambda chance: chance.random() < 0.5,
    lambda chance: chance.choice((0, -1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, 10**30, -(10**30))),
    lambda chance: chance.choice((0.5, -0.0, 1e308, float("nan"), float("inf"), float("-inf"))),
    lambda chance: chance.uniform(-1e6, 1e6),
    _text,
    _text,
    _long,
    lambda chance: [],
    lambda chance: {},
    lambda chance: [_text(chance) for _ in range(chance.randint(1, 5))],
    lambda chance: {_text(chance): _text(chance) for _ in range(chance.randint(1, 5))},
    _deep,
)


def _path(chance: random.Random) -> str:
    return chance.choice(
        (
            "../../../etc/passwd",
            "/etc/passwd",
            "inbox/../../etc/shadow",
            "inbox/%2e%2e/x",
            "jobs/x/../../../..",
            "file:///etc/passwd",
            "x\0y",
            "a" * 300,
            "a/" * 3000,
            ".",
            "..",
            "",
            "~",
            "/proc/self/environ",
            "/dev/zero",
            "\\\\server\\share",
            "inbox",
            "work",
        )
    )


def _id(chance: random.Random) -> str:
    return chance.choice(
        ("../../etc", "..", ".", "", "-", "a b", "a/b", "a.b", "é", "x" * 65, "x" * 64, "A" * 5000, "a\n", "a\0", "%00")
    )


def _step_id(chance: random.Random) -> str:
    return chance.choice(
        (
            "k/download/0",
            "a/b",
            "a/download/0/0",
            "a/../../0",
            "a/download/-1",
            "a/download/99999999",
            "a/download/0.0.0.0.0.0.0.0",
            "a/download/0.0.0.0.0.0.0.0.0",
            "a/download/\u0661",
            "//",
            "a/Download/0",
            "a/" + "x" * 40 + "/0",
        )
    )


def _pipeline(chance: random.Random) -> Any:
    tiers = 10_000 if chance.random() < 0.02 else chance.randint(1, 30)
    return chance.choice(
        (
            "cutter",
            ["cutter"],
            [["nobody"]],
            [["../x"]],
            [[""]],
            [[]],
            [["cutter"]] * tiers,
            [["cutter"] * tiers],
            [["cutter", "cutter"]],
            [["nobody"] * tiers],
            [[None]],
            {"cutter": 1},
            [["download"]],
            [["x" * 300]],
        )
    )


def _moment(chance: random.Random) -> Any:
    return chance.choice((253_402_300_799_000, -1, 0, 2**63 - 1, 10**30, "soon", 1.5, None))


def _number(chance: random.Random) -> Any:
    return chance.choice((-1, 0, -(2**63), 2**63, 10**40, 7, 1.5, "1", True, None))


_STEP_FIELDS: dict[str, Drawing] = {
    "jobId": _id,
    "stepId": _step_id,
    "parentId": _step_id,
    "link": _long,
    "filePath": _path,
    "from": _text,
    "noreply": _junk,
    "replyTo": lambda chance: chance.choice(("download_queue", "x" * 300, "", "amq.rabbitmq.reply-to.x", "nowhere")),
    "pipeline": _pipeline,
    "options": _deep,
    "about": lambda chance: {"title": _junk(chance)},
    "attempt": _number,
    "notBefore": _moment,
    "submittedAt": _moment,
    "extra": _junk,
    "__class__": _junk,
}
_CANCEL_FIELDS: dict[str, Drawing] = {"type": _text, "jobId": _id, "more": _junk}
_EVENT_FIELDS: dict[str, Drawing] = {
    "jobId": _id,
    "stepId": _step_id,
    "parentId": _step_id,
    "attempt": _number,
    "timestamp": _moment,
    "workerId": _text,
    "id": _text,
    "queueName": _text,
    "type": _text,
    "payload": _junk,
}
_PAYLOAD_FIELDS: dict[str, Drawing] = {
    "spawned": lambda chance: [_step_id(chance) for _ in range(chance.randint(0, 20))],
    "results": lambda chance: [_path(chance)],
    "artifacts": lambda chance: [
        {
            "filePath": _path(chance),
            "bytes": _number(chance),
            "sha256": _text(chance),
            "about": {"title": _junk(chance)},
        }
    ],
    "link": _long,
    "from": _long,
    "filePath": _path,
    "replyTo": _text,
    "error": _long,
    "cause": _text,
    "percent": _number,
    "note": _long,
    "pid": _number,
    "startTime": _moment,
    "status": _text,
    "stepId": _step_id,
    "memoryUsage": _junk,
    "jobsProcessed": _number,
}


def _of_step(kind: str, number: int, payload: dict[str, Any]) -> dict[str, Any]:
    job = f"e{number}"
    about = {"queueName": "download_queue", "workerId": "evil/download@1", "timestamp": 1_800_000_000_000}
    return {"type": kind, "id": f"{job}/x", "jobId": job, "stepId": f"{job}/download/0", **about, "payload": payload}


def _of_worker(kind: str, number: int) -> dict[str, Any]:
    return {"type": kind, "workerId": f"evil/download@{number % 50}", "timestamp": 1_800_000_000_000}


_EVENTS: tuple[Callable[[int], dict[str, Any]], ...] = (
    lambda number: _of_step("result", number, {"results": [], "from": "m", "noreply": False, "artifacts": []}),
    lambda number: _of_step("error", number, {"error": "x", "from": "m", "noreply": False}),
    lambda number: _of_step("progress", number, {"percent": 50}),
    lambda number: {
        **_of_worker("heartbeat", number),
        "payload": {"status": "idle", "host": "evil", "pid": 1, "queueName": "q", "startTime": 1, "lastActivity": 1},
    },
    lambda number: {**_of_worker("metrics", number), "metrics": {"jobsProcessed": 1}},
)

# properties


def _properties(chance: random.Random, number: int) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if chance.random() < 0.5:
        given["message_id"] = chance.choice((f"m{number}", _text(chance)[:60], "é" * 127, "x" * 255, "", b"\xff" * 255))
    if chance.random() < 0.3:
        given["content_type"] = chance.choice(("application/octet-stream", "text/plain; charset=utf-7", "", "x" * 255))
        given["content_encoding"] = chance.choice(("gzip", "base64", "\0"))
    if chance.random() < 0.3:
        given["headers"] = {_text(chance)[:50]: _header(chance) for _ in range(chance.randint(0, 5))}
        given["headers"] |= {b"\xff\xfe": 1} if chance.random() < 0.2 else {}
    if chance.random() < 0.2:
        given |= {"reply_to": _text(chance)[:60], "correlation_id": "x" * 255, "app_id": "", "type": _text(chance)[:50]}
    if chance.random() < 0.2:
        given |= {"priority": chance.randrange(256), "timestamp": chance.choice((0, 1, 253_402_300_799, 2**62))}
    return given


def _death(chance: random.Random) -> dict[str, Any]:
    """A row of x-death; RabbitMQ 4.0 closes the connection of whoever sends one of another shape."""
    return {
        "queue": chance.choice(("download_queue", "", "x" * 200)),
        "reason": chance.choice(("rejected", "expired", "delivery_limit")),
        "count": chance.choice((0, 1, 10**9, 2**62)),
        "time": datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC),
        "exchange": "",
        "routing-keys": ["download_queue"] * chance.randint(0, 5),
    }


def _header(chance: random.Random) -> Any:
    return chance.choice(_HEADERS)(chance)


_HEADERS: tuple[Drawing, ...] = (
    lambda chance: None,
    lambda chance: True,
    lambda chance: chance.choice((-(2**63), 2**63 - 1, 0, 253_402_300_799_000)),
    lambda chance: chance.choice((1e308, -1e308, 5e-324, 0.1)),  # RabbitMQ itself refuses NaN and infinity
    lambda chance: decimal.Decimal(chance.randint(-(10**6), 10**6)) / 1000,
    lambda chance: datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC),
    lambda chance: Timestamp(chance.choice((1_800_000_000_000, 2**62, 2**64 - 1))),
    _text,
    lambda chance: chance.randbytes(chance.randint(0, 50)),
    lambda chance: "x" * chance.randint(1, 5_000),
    lambda chance: [_text(chance), 1, {"a": [None, True]}],
    lambda chance: [{"queue": "download_queue", "reason": "rejected", "count": 10**9, "time": 1, "exchange": ""}],
    lambda chance: {"count": -1, "deeper": {"and": {"deeper": [[[[1]]]]}}},
)
