"""Every file of docs/messages, by name."""

from __future__ import annotations

import json
from typing import Any

from docs.generator.asyncapi import document
from docs.generator.message import MESSAGES
from docs.generator.readme import readme


def pages() -> dict[str, str]:
    """Name to text."""
    schemas = {f"{message.name}.json": _json(message.schema) for message in MESSAGES}
    return schemas | {"asyncapi.json": _json(document()), "README.md": readme()}


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
