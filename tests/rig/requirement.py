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
        if os.environ.get("CI") == "true":
            pytest.fail(str(why), pytrace=False)
        pytest.skip(str(why))
