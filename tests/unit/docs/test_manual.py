"""The manual pages that the package brings: nothing is left out, and man(1) has no complaint."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from clipmill_cli.fleet.file import fleet_keys
from clipmill_cli.main import _COMMANDS
from docs.generator import manual

UNITS = Path("docs/manual/clipmill.target.8")


def test_each_command_has_its_section() -> None:
    page = manual.commands()
    for name in _COMMANDS:
        assert f".SS clipmill {name}" in page
    assert ".SS clipmill queues export" in page
    assert "\\-\\-dry\\-run" in page


def test_each_setting_of_the_file_is_explained() -> None:
    page = manual.settings()
    keys = re.findall(r"^#([A-Z_]+)=", manual.SETTINGS.read_text(), re.MULTILINE)
    assert len(keys) > 20
    assert all(f".B {key}=" in page for key in keys)
    assert {key for key in fleet_keys() if key.startswith("DOWNLOAD_")} <= set(keys)


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff here")
@pytest.mark.parametrize("page", [manual.commands(), manual.settings(), UNITS.read_text()], ids=["1", "5", "8"])
def test_troff_understands_it(page: str) -> None:
    command = ["groff", "-K", "utf8", "-man", "-ww", "-Tutf8", "-z"]
    run = subprocess.run(command, input=page, capture_output=True, encoding="utf-8", check=True)
    assert run.stderr == ""
