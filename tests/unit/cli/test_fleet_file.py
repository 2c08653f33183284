"""clipmill.env as people write it: each mistake is named with file and line, and nothing in it is executed."""

import subprocess
from pathlib import Path

import pytest

from clipmill_cli.fleet.file import SettingsFile, fleet_keys
from clipmill_cli.fleet.units import rounds

ROOT = Path(__file__).parents[3]


VALUES = ("0", "3", "100", "101", "0.5", "1.25", "1.255", "512M", "1GB", "always", "on-failure", "-1", "x", "$(x)")


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """What is wrong with a clipmill.env of this text, without its path."""
    path = tmp_path / "clipmill.env"
    path.write_bytes(text.encode())
    return [mistake.removeprefix(f"{path}:") for mistake in SettingsFile.read(path).mistakes()]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("# a remark\n\n; another\n", id="remarks"),
        pytest.param("DOWNLOAD_WORKERS=3\r\nPART_SECONDS=20\r\n", id="CRLF"),
        pytest.param('DOWNLOAD_WORKERS="3"\nCUTTER_WORKERS = 0\n', id="quotes and blanks, as systemd takes them"),
        pytest.param("DOWNLOAD_MEMORY=512MB\nCUTTER_MEMORY=1G\nPREVIEW_MEMORY=268435456\n", id="sizes"),
        pytest.param("DOWNLOAD_CPU=0.5\nCUTTER_CPU=1\nPREVIEW_CPU=0.25\n", id="CPUs"),
        pytest.param("DOWNLOAD_RESTART=unless-stopped\nMANAGER_RESTART=on-failure\n", id="policies"),
        pytest.param("DOWNLOAD_WORKERS=\n", id="nothing: the default"),
        pytest.param("DOWNLOAD_WORKERS=x\nDOWNLOAD_WORKERS=2\n", id="the last one counts"),
    ],
)
def test_what_is_right_is_understood(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text) == []


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("DOWNLOAD_WORKERS=-1", "is no number of workers"),
        ("DOWNLOAD_WORKERS=many", "is no number of workers"),
        ("DOWNLOAD_WORKERS=10000", "is no number of workers; write one from 0 to 100"),
        ("DOWNLOAD_WORKERS=101", "is no number of workers"),
        ("DOWNLOAD_WORKERS=2.5", "is no number of workers"),
        ("DOWNLOAD_WORKERS=$(touch planted)", "is no number of workers"),
        ("DOWNLOAD_WORKERS=2; touch planted", "is no number of workers"),
        ("DOWNLOAD_MEMORY=`touch planted`", "is no size"),
        ("DOWNLOAD_MEMORY=16M", "is too little to run in"),
        ("CUTTER_CPU=fast", "is no number of CPUs"),
        ("CUTTER_CPU=0", "is no number of CPUs"),
        ("CUTTER_RESTART=sometimes", "is no restart policy"),
        ("PART_SECONDS=abc", "is no number of seconds"),
        ("CUTTER_JOB_TIMEOUT=-5", "must be more than 0 seconds"),
        ("DOWNLOAD_WORKER=3", "is DOWNLOAD_WORKERS meant?"),
        ("COLOUR=blue", "nothing reads COLOUR"),
        ("touch planted", "is no KEY=VALUE"),
        ("STORE=/srv \\", "a setting ends with its line"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_mistake_is_named_with_its_line(tmp_path: Path, row: str, says: str, end: str) -> None:
    found = mistakes(tmp_path, end.join(["# mine", "", row, ""]))
    assert found
    assert found[0].startswith("3: ")
    assert says in found[0]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "COLOUR=blue\nSTORE=here\nCUTTER_WORKERS=-1\n")
    assert [mistake.split(":")[0] for mistake in found] == ["1", "2", "3"]


@pytest.mark.parametrize("key", sorted(fleet_keys()))
def test_file_and_generator_agree_on_what_is_right(tmp_path: Path, key: str) -> None:
    """Two readers of one file, one in Python and one in sh: neither takes what the other refuses."""
    for value in VALUES:
        refused = bool(mistakes(tmp_path, f"{key}={value}\n"))
        too_little = key.endswith("_MEMORY") and value in ("3", "100", "101")  # only a person is told so
        told = generator_says(tmp_path)
        assert (f"{key}={value}" in told) == (refused and not too_little), (value, told)


def generator_says(tmp_path: Path) -> str:
    """What the generator reports about the file that `mistakes` wrote."""
    return subprocess.run(
        ["/bin/sh", ROOT / "deploy/systemd/clipmill-generator", tmp_path / "out"],
        env={"CLIPMILL_ENV": str(tmp_path / "clipmill.env"), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    ).stderr


def test_a_rolling_restart_takes_one_unit_of_each_service_at_a_time() -> None:
    names = ["download@10", "download@2", "download@1", "cutter@1", "manager"]
    assert rounds(f"{name}.service" for name in names) == [
        ["cutter@1.service", "download@1.service", "manager.service"],
        ["download@2.service"],
        ["download@10.service"],
    ]
