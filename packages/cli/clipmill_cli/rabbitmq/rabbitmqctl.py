"""The door on the broker's own host: rabbitmqctl, as root. Each call starts an Erlang (a second or more)."""

from __future__ import annotations

import contextlib
import math
import re
import shutil
import tempfile
from pathlib import Path

import msgspec

from clipmill import tools
from clipmill.outcome import ToolError
from clipmill_cli.rabbitmq.snapshot import Definitions, Snapshot
from clipmill_cli.trouble import Status, Trouble

PROGRAM = "rabbitmqctl"

_SECONDS = 60
_BROKER_USER = "rabbitmq"


class RabbitmqCtl:
    """One call reads everything, one writes everything."""

    def read(self) -> Snapshot:
        """All that the broker holds. Raises Trouble."""
        definitions = msgspec.json.decode(self._call("export_definitions", "-"))
        return Snapshot(version=definitions["rabbitmq_version"], definitions=definitions)

    def write(self, definitions: Definitions) -> None:
        """Add or replace these items. Raises Trouble.

        Through a file, since 4.0's rabbitmqctl reads standard input for a few commands only and hangs for this one. It
        holds hashes, no passwords, and only rabbitmqctl can read it.
        """
        with tempfile.NamedTemporaryFile(prefix="clipmill-", suffix=".json") as file:
            file.write(msgspec.json.encode(definitions))
            file.flush()
            # Debian's rabbitmqctl becomes this user before it reads anything; elsewhere it may stay root
            with contextlib.suppress(LookupError):
                shutil.chown(file.name, _BROKER_USER)
            self._call("import_definitions", file.name)

    def consumer_timeout(self) -> float | None:
        """The node's own consumer timeout in seconds; inf for none. Raises Trouble."""
        answer = self._call("eval", "application:get_env(rabbit, consumer_timeout).")
        milliseconds = re.search(r"\{ok,(\d+)\}", answer)
        return int(milliseconds[1]) / 1000 if milliseconds else math.inf

    def _call(self, *words: str) -> str:
        try:
            return tools.output([PROGRAM, "--quiet", *words], timeout=_SECONDS, cwd=Path("/"))
        except ToolError as error:
            raise Trouble(f"{PROGRAM} {words[0]}: {error}", Status.UNAVAILABLE) from None
