"""A site on localhost, and an empty store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.server import Server, serve


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Server]:
    """A web server; what a test puts into `site.folder` is on it."""
    folder = tmp_path / "site"
    folder.mkdir()
    with serve(folder) as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The root of a store."""
    root = tmp_path / "store"
    root.mkdir()
    return root
