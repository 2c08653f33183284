"""The generator makes as many worker instances as clipmill.env asks for."""

import os
import subprocess
from pathlib import Path

import pytest

GENERATOR = Path(__file__).parents[3] / "deploy/systemd/clipmill-generator"


def generate(tmp_path: Path, settings: str | None, **environment: str) -> Path:
    """The directory that systemd would read after the generator has seen `settings`."""
    env_file, out = tmp_path / "clipmill.env", tmp_path / "generator"
    if settings is not None:
        env_file.write_text(settings)
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


@pytest.mark.parametrize(("drain", "patience"), [("300", "315"), ("0090", "105"), ("0", "15")])
def test_systemd_is_always_a_bit_more_patient_than_the_workers(tmp_path: Path, drain: str, patience: str) -> None:
    drop_in = generate(tmp_path, f"DRAIN_TIMEOUT={drain}\n") / "cutter@.service.d/20-drain.conf"
    assert f"TimeoutStopSec={patience}\n" in drop_in.read_text()


def test_private_users_are_given_up_in_a_container_alone(tmp_path: Path) -> None:
    out = generate(tmp_path, None, SYSTEMD_VIRTUALIZATION="container:docker")
    assert "PrivateUsers=no\n" in (out / "cutter@.service.d/20-container.conf").read_text()


def test_the_generator_is_tidy_sh() -> None:
    """`sh -n` reads it without running it: a mistake here would show at boot only."""
    subprocess.run(["/bin/sh", "-n", GENERATOR], check=True)
