"""docs/messages says what the code says: nothing out of date, nothing left out, every example true to its schema."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from clipmill import topology
from clipmill.events import Event
from clipmill.messages import read_object, read_step
from clipmill.pipeline import SERVICES
from docs.generator.message import MESSAGES, Message

ROOT = Path(__file__).parents[3]
DOCUMENTS = ROOT / "docs" / "messages"
FLEET = topology.fleet_topology(SERVICES)

by_name = pytest.mark.parametrize("message", MESSAGES, ids=[message.name for message in MESSAGES])


def asyncapi() -> dict[str, Any]:
    """The document as it is committed."""
    document: dict[str, Any] = json.loads((DOCUMENTS / "asyncapi.json").read_text())
    return document


def test_the_documents_are_what_script_schemas_writes(tmp_path: Path) -> None:
    """Run `script/schemas` after a change to a message or to the topology."""
    subprocess.run([ROOT / "script" / "schemas", tmp_path], check=True)
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {path.name: path.read_text() for path in DOCUMENTS.iterdir()} == written


@by_name
def test_an_example_is_true_to_its_schema(message: Message) -> None:
    """And the schema is one."""
    jsonschema.Draft202012Validator.check_schema(message.schema)
    jsonschema.Draft202012Validator(message.schema).validate(json.loads(message.example))


@by_name
def test_unknown_fields_are_allowed(message: Message) -> None:
    """They are kept and ignored on the wire."""
    more = json.loads(message.example) | {"campaign": {"id": 9}}
    jsonschema.Draft202012Validator(message.schema).validate(more)


WRONG = [
    ("submission", {"from": "user123"}, "neither link nor file"),
    ("submission", {"link": 5}, "a link that is no text"),
    ("step", {"link": "https://example.org"}, "no ids"),
    ("result", {"type": "result"}, "no payload"),
    ("heartbeat", {"type": "metrics"}, "another type"),
]


@pytest.mark.parametrize(("name", "body", "why"), WRONG, ids=[f"{name}, {why}" for name, _, why in WRONG])
def test_a_schema_refuses_what_the_code_refuses(name: str, body: dict[str, Any], why: str) -> None:
    """Otherwise it would be of no use to a producer."""
    schema = json.loads((DOCUMENTS / f"{name}.json").read_text())
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(body))


def test_a_message_of_the_reference_system_is_a_submission() -> None:
    """As its producers write it, fields of their own included."""
    schema = json.loads((DOCUMENTS / "submission.json").read_text())
    body = {"link": "https://instagram.com/p/abc123", "from": "user123", "noreply": False, "chat": 7}
    jsonschema.Draft202012Validator(schema).validate(body)


def test_the_reference_s_keys_are_on_the_wire() -> None:
    """`type`, `payload`, `workerId`, `timestamp`, `queueName`; `from`, `noreply`, `link`, `results`, `filePath`."""
    schema = json.loads((DOCUMENTS / "result.json").read_text())
    assert {"type", "payload", "workerId", "timestamp", "queueName"} <= schema["properties"].keys()
    payload = schema["$defs"]["ResultPayload"]["properties"]
    assert {"from", "noreply", "link", "results", "filePath"} <= payload.keys()


def test_the_step_in_the_document_is_read_by_the_code() -> None:
    """Round and round."""
    (step,) = (message for message in MESSAGES if message.name == "step")
    assert read_step(read_object(step.example)).service == "download"


def test_asyncapi_names_every_queue_and_exchange_of_the_topology() -> None:
    """By its name on the broker, not by the key in the document."""
    bindings = [channel["bindings"]["amqp"] for channel in asyncapi()["channels"].values() if "bindings" in channel]
    assert {b["queue"]["name"] for b in bindings if "queue" in b} == {queue.name for queue in FLEET.queues}
    assert {b["exchange"]["name"]: b["exchange"]["type"] for b in bindings if "exchange" in b} == FLEET.exchanges


def test_asyncapi_names_every_message_and_each_has_a_place() -> None:
    """Every event of the code's union, and what is no event."""
    document = asyncapi()
    names = {str(kind.__struct_config__.tag) for kind in get_args(Event)}
    others = {"submission", "step", "dead-letter", "cancel", "remove", "notice"}
    assert document["components"]["messages"].keys() == names | others
    carried = {name for channel in document["channels"].values() for name in channel["messages"]}
    assert carried == document["components"]["messages"].keys()


def test_every_reference_of_asyncapi_leads_somewhere() -> None:
    """Inside the document, or to a schema beside it."""
    document = asyncapi()
    for reference in references(document):
        file, _, path = reference.partition("#/")
        target = json.loads((DOCUMENTS / file).read_text()) if file else document
        for part in filter(None, path.split("/")):
            target = target[part]
        assert target


def references(value: object) -> list[str]:
    """Every $ref in a document."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for below in value.values() for found in references(below)]
    return [found for below in value for found in references(below)] if isinstance(value, list) else []
