"""Sends standard error into a file for a while: bars and the chatter of child processes do not go together."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_STDERR = 2


@contextlib.contextmanager
def stderr_to(path: Path) -> Iterator[IO[str]]:
    """What this process and its children write to standard error goes to `path`; yields the stream that it was."""
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    with path.open("wb") as file, os.fdopen(kept, "w", errors="backslashreplace") as terminal:
        os.dup2(file.fileno(), _STDERR)
        try:
            yield terminal
        finally:
            sys.stderr.flush()
            os.dup2(kept, _STDERR)
