"""What this kernel leaves open of the inner ring (sandbox.py), for the log and for `clipmill doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from clipmill import landlock, seccomp


def gaps() -> Iterator[str]:
    """A sentence each; nothing on a kernel that can do all of it."""
    abi = landlock.abi()
    if abi < landlock.FILES:
        yield "no Landlock: a handler that was taken over reads and writes whatever its worker's user may"
    if abi < landlock.TCP and not seccomp.can_filter():
        yield "no rules for TCP (Linux 6.7 has them): cutter and preview reach what their units let through"
    if landlock.FILES <= abi < landlock.SCOPES:
        yield "no scopes (Linux 6.12 has them): a handler that was taken over can end other processes of its user"
