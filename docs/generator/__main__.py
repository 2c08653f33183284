"""Writes what docs/messages holds: `script/schemas [DIRECTORY]`."""

from __future__ import annotations

import sys
from pathlib import Path

from docs.generator.pages import pages


def main(directory: Path) -> None:
    """One file after the other."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (directory / name).write_text(text)


main(Path(sys.argv[1]))
