"""clipmill.env tells the truth: what is commented out is the default."""

import re
from pathlib import Path

from clipmill import settings

ENV = Path(__file__).parents[3] / "deploy/systemd/clipmill.env"


def test_uncommenting_everything_changes_nothing(tmp_path: Path) -> None:
    written = tmp_path / "clipmill.env"
    written.write_text(re.sub(r"^#(?=[A-Z_]+=)", "", ENV.read_text(), flags=re.MULTILINE))
    spelled_out = settings.read_env_file(written)
    assert len(spelled_out) > 10
    assert settings.load(spelled_out) == settings.load({})


def test_nothing_is_set_as_shipped() -> None:
    """Else an upgrade that changes a default would not reach anybody."""
    assert settings.read_env_file(ENV) == {}
