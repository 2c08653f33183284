"""The real `clipmill`, run as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CLIPMILL = str(Path(sys.executable).parent / "clipmill")
_SECONDS = 120


def clipmill(*words: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Its end, with what it said; `given` are settings (environment variables)."""
    return subprocess.run(
        [CLIPMILL, *words],
        env=environment(given),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """This one, with a terminal that is wide enough to break no line, and `given`."""
    return {**os.environ, "COLUMNS": "200", **given}
