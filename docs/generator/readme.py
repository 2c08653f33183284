"""docs/messages/README.md: who says what to whom, and one real example of each message."""

from __future__ import annotations

import json
from collections.abc import Iterator

from docs.generator.message import MESSAGES, Message
from docs.generator.place import exchanges, queues

_HEAD = """\
# Messages

What travels between clipmill's services, those who submit jobs, and those who hear of them. Written by
`script/schemas` from the code; a test sees to it that nothing here is out of date.

JSON in UTF-8, keys in camelCase, times in milliseconds since the epoch. Fields that a version does not know are kept,
ignored, and sent on. Each message has a JSON Schema; [`asyncapi.json`](asyncapi.json) names every queue and exchange.
Deliveries repeat: the `id` of an event or notice is the same whenever it says the same, so count by it.

The examples are of one job: somebody published the first one to `download_queue`.
"""


def readme() -> str:
    """The page."""
    return "\n".join([_HEAD, *map(_section, MESSAGES), *_places()])


def _section(message: Message) -> str:
    example = json.dumps(json.loads(message.example), indent=2, ensure_ascii=False)
    headers = f"\nHeaders:\n\n```json\n{json.dumps(message.headers, indent=2)}\n```\n" if message.headers else ""
    title = f"## {message.name}\n\n{message.summary} Schema: [`{message.name}.json`]({message.name}.json)."
    return f"{title}\n\n```json\n{example}\n```\n{headers}"


def _places() -> Iterator[str]:
    yield "## Queues\n\n| queue | for | carries |\n|---|---|---|"
    for name, place in queues().items():
        yield f"| `{name}` | {place.purpose} | {', '.join(place.carries)} |"
    yield "\n## Exchanges\n\n| exchange | for | routing key | carries |\n|---|---|---|---|"
    for name, place in exchanges().items():
        key = f"`{place.key}`" if place.key else "none"
        yield f"| `{name}` | {place.purpose} | {key} | {', '.join(place.carries) or 'nothing yet'} |"
    yield ""
