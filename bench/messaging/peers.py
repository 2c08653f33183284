"""The venv of the peers: made once from bench/requirements.lock, and anew when that changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.place import CACHE, ROOT

_LOCK = ROOT / "bench" / "requirements.lock"
_VENV = CACHE / "peers"


def python() -> Path:
    """Its interpreter."""
    stamp = _VENV / "made-from"
    if not stamp.exists() or stamp.read_bytes() != _LOCK.read_bytes():
        _install()
        stamp.write_bytes(_LOCK.read_bytes())
    return _VENV / "bin" / "python"


def _install() -> None:
    sys.stderr.write("bench: installing the peers (once)\n")
    subprocess.run([sys.executable, "-m", "venv", "--clear", _VENV], check=True)
    options = ["--quiet", "--disable-pip-version-check", "install", "--require-hashes", "-r"]
    subprocess.run([_VENV / "bin" / "pip", *options, _LOCK], check=True)
