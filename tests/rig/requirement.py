"""What becomes of a test whose machine cannot be had."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.rig.daemon import NoDocker


@contextmanager
def docker_required() -> Iterator[None]:
    """A laptop may lack Docker, and skips; CI may not, or a green run would mean nothing."""
    try:
        yield
    except NoDocker as why:
        _do_without(str(why))


def root_required() -> None:
    """For whoever mounts a file system: a laptop's user may not, and skips."""
    if os.geteuid() != 0:
        _do_without("only root may mount a file system")


def _do_without(why: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
