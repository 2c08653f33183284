"""A whole Debian system in a container: systemd as its first process, a package to install, units to stop and kill."""

import io
import shlex
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from testcontainers.core.container import DockerContainer

from tests.rig import image, leftovers
from tests.rig.deadline import until
from tests.rig.image import Recipe

# What would configure a network, which Docker has done already, or is of no use here.
MASKED = "systemd-networkd.service systemd-networkd.socket systemd-resolved.service ssh.service"
SYSTEM = ("systemd", "systemd-sysv", "dbus", "procps", "ca-certificates")
MASK = f"""chroot "$1" sh -c 'systemctl mask {MASKED}; : > /etc/machine-id' """

# What the package depends on, recommends or suggests: as files that apt finds in its cache, or installed already.
NEEDED = ("rabbitmq-server", "ffmpeg", "python3", "python3-systemd", "polkitd")
LATER = {"trixie": ("quickjs",)}  # Debian 12 has none
FETCH = f"""APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get install --yes --download-only {" ".join(NEEDED)} """


def bare(release: str) -> Recipe:
    """A system with nothing on it; what the package needs lies in apt's cache, so that no network is needed."""
    return Recipe(f"system-{release}", release, SYSTEM, (MASK, FETCH), keep_lists=True)


def prepared(release: str) -> Recipe:
    """A system with a running broker and all that the package needs."""
    return Recipe(f"ready-{release}", release, SYSTEM + NEEDED + LATER.get(release, ()), (MASK,), keep_lists=True)


# What systemd mounts for a unit (LoadCredential=) is made in one mount namespace and must reach the others: on its own
# systemd makes / shared only where it is no container.
BOOT = ["sh", "-c", "mount --make-rshared / && exec /sbin/init"]


class Machine:
    """A context manager: booted when `with` is entered, gone afterwards."""

    def __init__(self, recipe: Recipe) -> None:
        self._container = (
            DockerContainer(image.build(recipe))
            .with_command(BOOT)
            .with_kwargs(
                # Not --privileged: that fails where the host itself lacks a capability (CAP_SYS_RESOURCE).
                cap_add=["SYS_ADMIN", "NET_ADMIN"],
                security_opt=["seccomp=unconfined", "apparmor=unconfined"],
                cgroupns="host",
                stop_signal="SIGRTMIN+3",
                labels=leftovers.label(),
            )
            .with_volume_mapping("/sys/fs/cgroup", "/sys/fs/cgroup", "rw")
            .with_tmpfs_mount("/run")
            .with_tmpfs_mount("/tmp", "exec")
        )

    def __enter__(self) -> Self:
        self._container.start()
        self._await_boot()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.stop()

    @property
    def name(self) -> str:
        """What `docker exec` calls it."""
        return str(self._container.get_wrapped_container().name)

    def run(self, command: str, *, user: str = "root", status: int = 0) -> str:
        """What a shell command prints; an AssertionError with all of it when it ends in another way than expected."""
        done = self._container.get_wrapped_container().exec_run(["sh", "-c", command], user=user)
        output: str = done.output.decode(errors="replace")
        assert done.exit_code == status, f"{command}: exit {done.exit_code}\n{output}"
        return output

    def succeeds(self, command: str) -> bool:
        return bool(self._container.get_wrapped_container().exec_run(["sh", "-c", command]).exit_code == 0)

    def put(self, source: Path, destination: str) -> None:
        """Copies a file of the host into the machine; not below /tmp or /run, where Docker writes under the mount."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(source, arcname=Path(destination).name)
        self._container.get_wrapped_container().put_archive(str(Path(destination).parent), packed.getvalue())

    def write(self, destination: str, text: str) -> None:
        self.run(f"mkdir -p {Path(destination).parent} && printf %s {shlex.quote(text)} > {destination}")

    def reboot(self) -> None:
        """An orderly shutdown of systemd, and a start of the same disk."""
        container = self._container.get_wrapped_container()
        container.stop(timeout=180)
        container.start()
        self._await_boot()

    def _await_boot(self) -> None:
        until(lambda: self.succeeds("test -S /run/dbus/system_bus_socket"), what="D-Bus in the container")
        self.run("systemctl is-system-running --wait || systemctl --failed --no-legend")


@contextmanager
def booted(recipe: Recipe) -> Iterator[Machine]:
    with Machine(recipe) as machine:
        yield machine
