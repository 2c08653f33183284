"""What the package has for Prometheus, and what a scrape gets, as Prometheus' own tool judges it."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from testcontainers.core.container import DockerContainer

from tests.integration.manager.asking import ask
from tests.rig import image, leftovers
from tests.rig.image import Recipe
from tests.rig.requirement import docker_required

FILES = Path(__file__).parents[3] / "deploy/prometheus"


@pytest.fixture(scope="module")
def container() -> Iterator[DockerContainer]:
    with docker_required():
        made = DockerContainer(image.build(Recipe("promtool", "trixie", ("prometheus",)))).with_command(
            "sleep infinity"
        )
        with made.with_kwargs(init=True, labels=leftovers.label()) as running:
            _put(running, {file.name: file.read_bytes() for file in FILES.iterdir()})
            yield running


@pytest.mark.parametrize("words", ["check rules alerts.yml", "test rules alerts_test.yml", "check config scrape.yml"])
def test_the_files_are_valid_and_the_alerts_fire_as_they_should(container: DockerContainer, words: str) -> None:
    done = container.exec(["sh", "-c", f"cd /srv && promtool {words}"])
    assert done.exit_code == 0, done.output.decode()


@pytest.mark.anyio
async def test_what_a_scrape_gets_is_well_formed(container: DockerContainer, manager: Path) -> None:
    _put(container, {"metrics": (await ask(manager, "/metrics")).body})
    done = container.exec(["sh", "-c", "promtool check metrics < /srv/metrics"])
    assert done.exit_code == 0, done.output.decode()


def _put(container: DockerContainer, files: dict[str, bytes]) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, body in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(body)
            archive.addfile(about, io.BytesIO(body))
    container.get_wrapped_container().put_archive("/srv", packed.getvalue())
