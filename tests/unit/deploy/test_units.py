"""The unit files agree with each other."""

import configparser
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[3] / "deploy/systemd"
WORKERS = ("download", "cutter", "preview")
OWN = {"ExecStart", "SyslogIdentifier", "Restart", "MemoryMax", "CPUQuota", "IPAddressDeny", "IPAddressAllow"}


def read(name: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((DEPLOY / name).read_text())
    return unit


def service(name: str) -> dict[str, str]:
    return dict(read(name)["Service"])


def test_worker_templates_differ_in_what_is_their_own_and_in_nothing_else() -> None:
    shared = [{key: value for key, value in service(f"{name}@.service").items() if key not in OWN} for name in WORKERS]
    assert shared[0] == shared[1] == shared[2]


@pytest.mark.parametrize(
    ("name", "restart", "memory", "cpu"),
    [
        ("download", "always", "512M", "50%"),  # RN-WM: always
        ("cutter", "on-failure", "1G", "100%"),  # more memory for ffmpeg, a core of its own
        ("preview", "always", "256M", "25%"),  # unless-stopped: systemd does not restart what was stopped
    ],
)
def test_limits_and_restart_policy_are_those_of_the_reference(name: str, restart: str, memory: str, cpu: str) -> None:
    unit = service(f"{name}@.service")
    assert (unit["Restart"], unit["MemoryMax"], unit["CPUQuota"]) == (restart, memory, cpu)


@pytest.mark.parametrize("name", [*(f"{worker}@.service" for worker in WORKERS), "notifier.service", "manager.service"])
def test_no_unit_repeats_what_all_have_in_common(name: str) -> None:
    """A drop-in wins over its unit: what stood in both would be read in one and true in the other."""
    common, unit = read("fleet.conf"), read(name)
    several = {"Environment", "LoadCredential", "After", "Wants", "IPAddressDeny"}  # these add up
    for section in ("Unit", "Service"):
        assert set(common[section]) & set(unit[section]) <= several
