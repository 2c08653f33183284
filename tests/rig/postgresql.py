"""Debian's PostgreSQL in a container, with a database of its own for each test."""

import secrets
import socket
from types import TracebackType
from typing import Self

from testcontainers.core.container import DockerContainer

from tests.rig import image, leftovers
from tests.rig.deadline import until
from tests.rig.image import Recipe

PORT = 5432
USER, PASSWORD = "mill", "grindstone"

# Anybody with the password may come from outside the container; what a test writes need not survive the machine.
CONFIGURE = (
    """cd "$1"/etc/postgresql/*/main && echo 'host all all all scram-sha-256' >> pg_hba.conf """,
    """cd "$1"/etc/postgresql/*/main && echo "listen_addresses = '*'" >> postgresql.conf """,
)


def recipe(release: str) -> Recipe:
    return Recipe(f"postgresql-{release}", release, ("postgresql",), CONFIGURE)


class PostgreSQL:
    """A context manager: the server answers when `with` is entered, and its container is gone afterwards."""

    def __init__(self, release: str = "trixie") -> None:
        self._container = (
            DockerContainer(image.build(recipe(release)))
            .with_command("sleep infinity")
            .with_kwargs(init=True, labels=leftovers.label())
        )

    def __enter__(self) -> Self:
        self._container.start()
        self.start()
        self._psql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.stop()

    @property
    def host(self) -> str:
        container = self._container.get_wrapped_container()
        container.reload()
        return str(container.attrs["NetworkSettings"]["IPAddress"])

    def new_database(self) -> str:
        """The address of an empty database, without the password."""
        name = f"test_{secrets.token_hex(4)}"
        self._psql(f"CREATE DATABASE {name} OWNER {USER}")
        return f"postgresql://{USER}@{self.host}/{name}"

    def start(self) -> None:
        self._cluster("start")
        until(self._listens, what="PostgreSQL", seconds=60)

    def stop(self) -> None:
        self._cluster("stop", "-m", "immediate")

    def _cluster(self, *words: str) -> None:
        self._exec("sh", "-c", f"set -- /etc/postgresql/*; pg_ctlcluster ${{1##*/}} main {' '.join(words)}")

    def _psql(self, statement: str) -> None:
        self._exec("su", "postgres", "-c", f'psql --quiet --command "{statement}"')

    def _exec(self, *argv: str) -> None:
        done = self._container.exec(list(argv))
        assert done.exit_code == 0, f"{argv}: {done.output.decode(errors='replace')}"

    def _listens(self) -> bool:
        try:
            socket.create_connection((self.host, PORT), timeout=1).close()
        except OSError:
            return False
        return True
