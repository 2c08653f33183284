"""A fresh checkout on a bare Debian without systemd and RabbitMQ: one command, and a video is cut."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from testcontainers.core.container import DockerContainer

from tests.rig import image, leftovers
from tests.rig.image import Recipe
from tests.rig.requirement import docker_required

ROOT = Path(__file__).parents[2]
PLAIN = Recipe("plain-trixie", "trixie", ("git", "ca-certificates"), keep_lists=True)
INSIDE = "/root/clipmill"


def as_outside() -> dict[str, str]:
    """How pip reaches its index, as on this machine."""
    names = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")
    return {name: os.environ[name] for name in names if name in os.environ} | {"PIP_CERT": "/certificates.pem"}


@pytest.fixture(scope="module")
def checkout() -> Iterator[DockerContainer]:
    """What git knows of this checkout, in a container with nothing else."""
    with docker_required():
        bundle = os.environ.get("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt")
        container = DockerContainer(image.build(PLAIN)).with_command("sleep infinity")
        container = container.with_kwargs(init=True, labels=leftovers.label())
        container = container.with_envs(**as_outside()).with_volume_mapping(bundle, "/certificates.pem", "ro")
        with container:
            listed = (
                "git ls-files --cached --others --exclude-standard --deduplicate | grep -vxFf <(git ls-files --deleted)"
            )
            packed = subprocess.run(
                ["bash", "-c", f"{listed} | tar -cT -"], cwd=ROOT, stdout=subprocess.PIPE, check=True
            )
            run(container, f"mkdir {INSIDE}")
            container.get_wrapped_container().put_archive(INSIDE, packed.stdout)
            yield container


def run(container: DockerContainer, command: str) -> str:
    done = container.get_wrapped_container().exec_run(["bash", "-c", command])
    output: str = done.output.decode(errors="replace")
    assert done.exit_code == 0, f"{command}: exit {done.exit_code}\n{output}"
    return output


@pytest.mark.timeout(900)
def test_script_run_installs_what_it_needs_and_cuts_a_sample(checkout: DockerContainer) -> None:
    printed = run(checkout, f"{INSIDE}/script/run")
    assert printed.count("/part-") >= 3
    assert "/preview.mp4" in printed
    assert "is ready" in printed


def test_the_second_run_installs_nothing(checkout: DockerContainer) -> None:
    printed = run(
        checkout, f"cp {INSIDE}/.cache/sample.mp4 /root/film.mp4; cd /root && time {INSIDE}/script/run film.mp4"
    )
    assert "setup:" not in printed
    assert "film is ready" in printed
