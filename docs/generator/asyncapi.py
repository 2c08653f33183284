"""The AsyncAPI document: the places of the topology as channels, with the messages that they carry."""

from __future__ import annotations

import json
from typing import Any

from clipmill.pipeline import SERVICES
from docs.generator.message import MESSAGES, Message
from docs.generator.place import EVENTS, FLEET, Place, exchanges, queues

_JSON_TYPES = {str: "string", bool: "boolean", int: "integer"}
_HOST = {"durable": True, "autoDelete": False, "vhost": "clipmill"}

_ABOUT = """\
What travels between clipmill's services, those who submit jobs, and those who are told how they ended."""
_REPLY_QUEUE = "The queue that a job names (replyTo), else that of the settings (NOTIFY_REPLY_QUEUE)."
_WEBHOOK = "The address of the settings (NOTIFY_WEBHOOK_URL): a POST, signed as Standard Webhooks 1.0 says."


def document() -> dict[str, Any]:
    """AsyncAPI 3.0."""
    channels = {f"queue.{name}": _queue(name, place) for name, place in queues().items()}
    channels |= {f"exchange.{name}": _exchange(name, place) for name, place in exchanges().items()}
    # where a notice goes besides the journal; the names are the receivers' own
    channels |= {
        "receiver.reply-queue": _channel(None, Place(_REPLY_QUEUE, ("notice", "alert"))),
        "receiver.webhook": _channel(None, Place(_WEBHOOK, ("notice", "alert"))),
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "clipmill", "version": "1.0.0", "description": _ABOUT, "license": {"name": "MIT"}},
        "defaultContentType": "application/json",
        "servers": {"broker": {"host": "localhost:5672", "protocol": "amqp", "pathname": "/clipmill"}},
        "channels": channels,
        "operations": {name: _operation(name, channel) for name, channel in channels.items() if channel["messages"]},
        "components": {"messages": {message.name: _message(message) for message in MESSAGES}},
    }


def _queue(name: str, place: Place) -> dict[str, Any]:
    return _channel(name, place, {"is": "queue", "queue": {"name": name, "exclusive": False, **_HOST}})


def _exchange(name: str, place: Place) -> dict[str, Any]:
    about = {"name": name, "type": FLEET.exchanges[name], **_HOST}
    channel = _channel(place.key, place, {"is": "routingKey", "exchange": about})
    words = {
        "service": {"description": "The service that works on the step.", "enum": list(SERVICES)},
        "type": {"description": "The event's type.", "enum": list(EVENTS)},
    }
    parameters = {word: meaning for word, meaning in words.items() if f"{{{word}}}" in (place.key or "")}
    return channel | ({"parameters": parameters} if parameters else {})


def _channel(address: str | None, place: Place, amqp: dict[str, Any] | None = None) -> dict[str, Any]:
    messages = {name: {"$ref": f"#/components/messages/{name}"} for name in place.carries}
    channel = {"address": address, "description": place.purpose, "messages": messages}
    return channel | ({"bindings": {"amqp": amqp | {"bindingVersion": "0.3.0"}}} if amqp else {})


def _operation(channel_id: str, channel: dict[str, Any]) -> dict[str, Any]:
    """As clipmill sees it: it takes from queues, and gives to exchanges and receivers."""
    action = "receive" if channel_id.startswith("queue.") else "send"
    operation = {"action": action, "channel": {"$ref": f"#/channels/{channel_id}"}, "summary": channel["description"]}
    if channel_id == "receiver.webhook":
        operation["bindings"] = {"http": {"method": "POST", "bindingVersion": "0.3.0"}}
    return operation


def _message(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"name": message.name, "summary": message.summary}
    example: dict[str, Any] = {"payload": json.loads(message.example)}
    if message.headers:
        kinds = {name: {"type": _JSON_TYPES[type(value)]} for name, value in message.headers.items()}
        written["headers"] = {"type": "object", "properties": kinds}
        example["headers"] = message.headers
    return written | {"payload": {"$ref": f"./{message.name}.json"}, "examples": [example]}
