"""What this kernel lets a worker lock its handlers up with."""

from __future__ import annotations

from collections.abc import Iterator

from clipmill import landlock
from clipmill.gaps import gaps
from clipmill_cli.doctor.finding import Finding, ok, warning

_REMEDY = "Debian 13's kernel has it all; docs/security.md says what remains without"


def check() -> Iterator[Finding]:
    """A finding for each gap."""
    found = [warning("sandbox", gap, _REMEDY) for gap in gaps()]
    yield from found or [ok("sandbox", f"this kernel can do all of it (Landlock {landlock.abi()})")]
