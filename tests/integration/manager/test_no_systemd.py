"""A laptop, or a container without systemd: the manager says so once, and goes on."""

import asyncio
import logging
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from clipmill_manager.units import Units
from tests.integration.manager.conftest import NO_BUS

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def watching(address: str) -> AsyncIterator[Units]:
    units = Units(lambda unit: None, lambda name: None, address=address, retry=0.01)
    task = asyncio.ensure_future(units.watch())
    yield units
    assert not task.done(), "it goes on"
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    """A real message bus on which no systemd answers."""
    if not shutil.which("dbus-daemon"):
        pytest.skip("no dbus-daemon: apt install dbus")
    address = f"unix:path={tmp_path}/bus"
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
        assert daemon.stdout
        daemon.stdout.readline()  # it listens
        yield address
        daemon.kill()


async def test_without_a_bus_it_says_so_once_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    await _says_so_once(NO_BUS, "No such file or directory", caplog)


async def test_on_a_bus_without_systemd_it_says_so_once_and_goes_on(bus: str, caplog: pytest.LogCaptureFixture) -> None:
    await _says_so_once(bus, "systemd1", caplog)


async def _says_so_once(address: str, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "clipmill_manager")
    async with watching(address) as units:
        async with asyncio.timeout(10):
            while not caplog.records:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)  # some more tries, of which nothing must be heard
        assert [record.levelname for record in caplog.records] == ["INFO"]
        assert reason in caplog.text
        assert not units.watched
