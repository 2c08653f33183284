"""The jobs of a run, drawn from its seed: what each asks for, how it is sent, and how it may end. Pure."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from clipmill import identifiers
from clipmill.cancellation import cancel
from clipmill.session import Publication

SERVICES = ("download", "cutter", "preview")

_WEIGHTS = {
    "quick": 22,
    "slow": 14,
    "artifacts": 18,
    "pipeline": 8,
    "inbox": 5,
    "duplicate": 7,
    "anonymous": 4,
    "failing": 8,
    "cancelled": 4,
    "rejecting": 5,
    "malformed": 5,
    "poison-child": 2,
    "poison-worker": 2,
}
GIVEN_UP = {"rejecting": "unsupported", "malformed": "malformed", "poison-child": "crash", "poison-worker": "crash"}
"""The kinds that must end in the parking lot, and the cause that must stand there."""

_MALFORMED: tuple[bytes, ...] = (
    b"",
    b"no json",
    b"[1, 2, 3]",
    b'"chaos"',
    b"\xff\xfe\x00",
    b"{" * 5000,
    b'{"from": "chaos"}',
    b'{"link": 7, "from": "chaos"}',
    b'{"link": "x", "jobId": "../../etc"}',
    b'{"link": "x", "jobId": "%JOB%", "stepId": "k/download/0"}',
    b'{"link": "x", "attempt": "many"}',
    b'{"link": "x", "pipeline": "cutter"}',
)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job."""

    number: int
    kind: str
    service: str
    options: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""
    """Of a malformed message."""

    @property
    def link(self) -> str:
        """Names the job in every event, also where it has no id of ours."""
        return f"chaos:{self.number}:{self.kind}"

    @property
    def job_id(self) -> str | None:
        """The id that it must get; None where admission makes one."""
        if self.kind == "anonymous":
            return None
        return f"chaos-{self.number}" if self.kind == "inbox" else identifiers.job_id_from(self.link)

    @property
    def inbox(self) -> str:
        """Key of the file that a person put there for it."""
        return f"inbox/{self.job_id}/source.bin"

    def publications(self) -> list[Publication]:
        """The messages that ask for it."""
        copies = 2 if self.kind == "duplicate" else 1
        message_id = None if self.kind in ("anonymous", "inbox") else self.link
        key = f"{self.service}_queue"
        message = Publication(exchange="", routing_key=key, body=self._message(), message_id=message_id)
        return [message] * copies

    @property
    def afterthought(self) -> Publication | None:
        """What its sender says a moment later."""
        return cancel(str(self.job_id)) if self.kind == "cancelled" else None

    def _message(self) -> bytes:
        if self.kind == "malformed":
            return self.body.replace(b"%JOB%", str(self.job_id).encode())
        fields = {"link": self.link, "from": "chaos", "noreply": False, "pipeline": [], "options": self.options}
        if self.kind == "pipeline":
            fields["pipeline"] = [["cutter"], ["preview"]]
        if self.kind == "inbox":
            fields |= {"jobId": self.job_id, "filePath": self.inbox}
        return json.dumps(fields).encode()


def draw(chance: random.Random, count: int) -> list[Job]:
    """So many jobs; every kind is among them when there are enough."""
    kinds = list(_WEIGHTS)[:count]
    kinds += chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=count - len(kinds))
    chance.shuffle(kinds)
    return draw_each(chance, kinds, SERVICES)


def draw_each(chance: random.Random, kinds: Sequence[str], services: Sequence[str] = ("download",)) -> list[Job]:
    """A job of each of these kinds, in this order; on one queue, so that each waits behind those before it."""
    return [_draw_one(chance, number, kind, services) for number, kind in enumerate(kinds, 1)]


def _draw_one(chance: random.Random, number: int, kind: str, services: Sequence[str]) -> Job:
    service = "download" if kind in ("pipeline", "inbox") else chance.choice(services)
    options = {
        "seconds": round(chance.uniform(0.3, 1.5), 2),
        "times": chance.randint(1, 2),
        "files": chance.randint(1, 3),
        "clutter": chance.choice((0, 0, 0, 150)),
    }
    body = chance.choice(_MALFORMED) if kind == "malformed" else b""
    return Job(number=number, kind=kind, service=service, options=options, body=body)
