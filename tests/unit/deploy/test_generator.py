"""The generator makes instances and drop-ins of clipmill.env; where a value is wrong the last good one holds."""

import os
import subprocess
from pathlib import Path

import pytest

GENERATOR = Path(__file__).parents[3] / "deploy/systemd/clipmill-generator"


def generate(tmp_path: Path, settings: str | None, *, good: str | None = None, **environment: str) -> Path:
    """The directory that systemd would read after the generator has seen `settings` (and `good`, before them)."""
    env_file, out = tmp_path / "clipmill.env", tmp_path / "generator"
    if settings is not None:
        env_file.write_text(settings)
    if good is not None:
        (tmp_path / "clipmill.env.good").write_text(good)
    environment |= {"CLIPMILL_ENV": str(env_file), "PATH": os.environ["PATH"]}
    subprocess.run(["/bin/sh", GENERATOR, out], env=environment, check=True)
    return out


def instances(out: Path) -> set[str]:
    return {path.name.removesuffix(".service") for path in (out / "clipmill.target.wants").iterdir()}


DEFAULT = {"download@1", "download@2", "cutter@1", "preview@1"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, DEFAULT),  # no file at all
        ("", DEFAULT),
        ("DOWNLOAD_WORKERS=3\n", DEFAULT | {"download@3"}),
        ('DOWNLOAD_WORKERS="3"\n', DEFAULT | {"download@3"}),
        ("DOWNLOAD_WORKERS=3\nDOWNLOAD_WORKERS=1\n", DEFAULT - {"download@2"}),  # as systemd: the last one counts
        ("#DOWNLOAD_WORKERS=3\n", DEFAULT),
        ("CUTTER_WORKERS=0\n", DEFAULT - {"cutter@1"}),
        ("PREVIEW_WORKERS=many\n", DEFAULT),  # `clipmill doctor` complains; a boot must not
        ("PREVIEW_WORKERS=2; rm -rf /\n", DEFAULT),
        ("PREVIEW_WORKERS=$(touch /tmp/x)\n", DEFAULT),  # never sourced
    ],
)
def test_instances_follow_the_settings(tmp_path: Path, settings: str | None, expected: set[str]) -> None:
    assert instances(generate(tmp_path, settings)) == expected


@pytest.mark.parametrize("wrong", ["-1", "many", "10000", "$(touch planted)", "2; touch planted", "`touch planted`"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_wrong_number_is_reported_with_its_line_and_the_last_good_one_holds(
    tmp_path: Path, wrong: str, end: str, capfd: pytest.CaptureFixture[str]
) -> None:
    out = generate(tmp_path, f"# mine{end}DOWNLOAD_WORKERS={wrong}{end}", good="DOWNLOAD_WORKERS=3\n")
    assert instances(out) == DEFAULT | {"download@3"}
    assert f"clipmill.env:2: DOWNLOAD_WORKERS={wrong} is no count; it stays 3" in capfd.readouterr().err
    assert not list(tmp_path.rglob("planted"))
    assert not Path("planted").exists()


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("DOWNLOAD_MEMORY=512MB", "MemoryMax=512M"),
        ("DOWNLOAD_MEMORY=1G", "MemoryMax=1G"),
        ("DOWNLOAD_CPU=0.5", "CPUQuota=50%"),
        ("DOWNLOAD_CPU=1.05", "CPUQuota=105%"),
        ("DOWNLOAD_CPU=08", "CPUQuota=800%"),
        ("DOWNLOAD_RESTART=on-failure", "Restart=on-failure"),
        ("DOWNLOAD_RESTART=unless-stopped", "Restart=always"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_limits_and_policies_become_a_drop_in(tmp_path: Path, row: str, line: str, end: str) -> None:
    drop_in = generate(tmp_path, row + end) / "download@.service.d/20-settings.conf"
    assert line in drop_in.read_text().splitlines()


def test_what_is_not_set_has_no_drop_in(tmp_path: Path) -> None:
    assert not list(generate(tmp_path, "").rglob("20-settings.conf"))


def test_only_unless_stopped_remembers_what_was_stopped_by_hand(tmp_path: Path) -> None:
    """An empty line takes back what the unit file says: preview@ remembers by default."""
    assigned = (generate(tmp_path, "PREVIEW_RESTART=always\n") / "preview@.service.d/20-settings.conf").read_text()
    assert "ExecStopPost=\n" in assigned
    assert "stopped-by-hand" not in assigned


@pytest.mark.parametrize(("policy", "starts"), [("unless-stopped", False), ("always", True), ("on-failure", True)])
def test_a_worker_that_was_stopped_by_hand_starts_with_the_machine_unless_its_policy_says_otherwise(
    tmp_path: Path, policy: str, starts: bool
) -> None:
    (tmp_path / "stopped").mkdir()
    (tmp_path / "stopped/cutter@1.service").touch()
    assert ("cutter@1" in instances(generate(tmp_path, f"CUTTER_RESTART={policy}\n"))) == starts


@pytest.mark.parametrize(("drain", "patience"), [("300", "315"), ("0090", "105"), ("0", "15")])
def test_systemd_is_always_a_bit_more_patient_than_the_workers(tmp_path: Path, drain: str, patience: str) -> None:
    drop_in = generate(tmp_path, f"DRAIN_TIMEOUT={drain}\n") / "cutter@.service.d/20-drain.conf"
    assert f"TimeoutStopSec={patience}\n" in drop_in.read_text()


def test_private_users_are_given_up_in_a_container_alone(tmp_path: Path) -> None:
    out = generate(tmp_path, None, SYSTEMD_VIRTUALIZATION="container:docker")
    assert "PrivateUsers=no\n" in (out / "cutter@.service.d/20-container.conf").read_text()


def test_the_generator_is_tidy_sh() -> None:
    """`sh -n` reads it without running it: a mistake here would show at boot only."""
    for script in (GENERATOR, GENERATOR.parents[1] / "libexec/stopped-by-hand"):
        subprocess.run(["/bin/sh", "-n", script], check=True)
