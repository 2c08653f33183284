"""Whether the one who asks may hand in jobs."""

from __future__ import annotations

import grp
import os
import pwd

from clipmill_cli.doctor.finding import Finding, ok, problem, unchecked
from clipmill_cli.doctor.place import GROUP, Place, by_root

CHECK = "you"


def check(place: Place) -> Finding:
    """A finding on the group that people of a fleet are in."""
    if by_root():
        return ok(CHECK, "root may do everything")
    try:
        group = grp.getgrnam(GROUP)
    except KeyError:
        return unchecked(CHECK, f"there is no group {GROUP}: no fleet is installed here")
    return _as_member(group, place)


def _as_member(group: grp.struct_group, place: Place) -> Finding:
    name = pwd.getpwuid(os.geteuid()).pw_name
    if group.gr_gid not in {os.getegid(), *os.getgroups()}:
        if name in group.gr_mem:
            says = f"{name} was put into group {GROUP} after this login"
            return problem(CHECK, says, f"log in again, or: newgrp {GROUP}")
        return problem(CHECK, f"{name} is not in group {GROUP}", f"sudo adduser {name} {GROUP}, then log in again")
    password = place.credentials / "amqp-submit-password"
    if not os.access(password, os.R_OK):
        advice = f"sudo chown root:{GROUP} {password} && sudo chmod 0640 {password}"
        return problem(CHECK, f"{name} is in group {GROUP}, but cannot read {password}", advice)
    return ok(CHECK, f"{name} is in group {GROUP} and may hand in jobs")
