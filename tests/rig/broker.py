"""A real RabbitMQ in a container that can be stopped, killed, paused and started again under the same address."""

import base64
import json
import secrets
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from testcontainers.core.container import DockerContainer

from tests.rig import image, leftovers
from tests.rig.deadline import until
from tests.rig.image import Recipe

AMQP_PORT = 5672
MANAGEMENT_PORT = 15672
RELEASE_OF = {"3.10": "bookworm", "4.0": "trixie"}

# `guest` may come from outside the container, and the collection of statistics, which nobody looks at, is off.
SETTINGS = r"loopback_users = none\nmanagement_agent.disable_metrics_collector = true\n"
CONFIGURE = (
    f"""printf '{SETTINGS}' > "$1/etc/rabbitmq/rabbitmq.conf" """,
    """echo '[rabbitmq_management].' > "$1/etc/rabbitmq/enabled_plugins" """,
)


def recipe(version: str) -> Recipe:
    return Recipe(f"rabbitmq-{version}", RELEASE_OF[version], ("rabbitmq-server", "procps"), CONFIGURE)


class Broker:
    """A context manager: the broker answers when `with` is entered, and its container is gone afterwards.

    The container's first process does nothing, the broker is started beside it: so its address outlives a stop, and
    the port of a stopped broker refuses connections (a published port would accept them in Docker's proxy).
    """

    def __init__(self, version: str) -> None:
        self.version = version
        self._vhosts: list[str] = []
        # A node sizes its tables by the limit on open files: a container inherits the daemon's, which may be huge.
        limits = [{"Name": "nofile", "Soft": 16384, "Hard": 16384}]
        self._container = (
            DockerContainer(image.build(recipe(version)))
            .with_command("sleep infinity")
            .with_kwargs(init=True, ulimits=limits, labels=leftovers.label())
        )

    def __enter__(self) -> Self:
        self._container.start()
        self.start()
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

    @property
    def pid(self) -> int:
        """The container's first process, as the host numbers it."""
        container = self._container.get_wrapped_container()
        container.reload()
        return int(container.attrs["State"]["Pid"])

    @property
    def url(self) -> str:
        """AMQP, as the administrator."""
        return f"amqp://guest:guest@{self.host}:{AMQP_PORT}/"

    @property
    def management_url(self) -> str:
        """The management plugin's HTTP API, as the administrator."""
        return f"http://guest:guest@{self.host}:{MANAGEMENT_PORT}/"

    def new_vhost(self, default_queue_type: str | None = None) -> str:
        """The AMQP URL of a new vhost of the administrator; by the HTTP API, since rabbitmqctl takes seconds."""
        name = f"test-{secrets.token_hex(4)}"
        kind = {"default_queue_type": default_queue_type} if default_queue_type else {}
        until(lambda: self._put(f"vhosts/{name}", kind), what="the management plugin", seconds=60)
        self._put(f"permissions/{name}/guest", dict.fromkeys(("configure", "write", "read"), ".*"))
        self._vhosts.append(name)
        return f"{self.url}{name}"

    def drop_vhosts(self) -> None:
        """Delete those that were made here: a node with thousands of quorum queues gets slow, and 3.10 stuck."""
        while self._vhosts:
            self._ask("DELETE", f"vhosts/{self._vhosts.pop()}", {})

    def _put(self, path: str, body: dict[str, str]) -> bool:
        return self._ask("PUT", path, body)

    def _ask(self, method: str, path: str, body: dict[str, str]) -> bool:
        headers = {
            "Authorization": "Basic " + base64.b64encode(b"guest:guest").decode(),
            "Content-Type": "application/json",
        }
        address = f"http://{self.host}:{MANAGEMENT_PORT}/api/{path}"
        request = urllib.request.Request(address, json.dumps(body).encode(), headers, method=method)
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except (ConnectionError, urllib.error.URLError):
            return False
        return True

    def ctl(self, *args: str) -> str:
        """rabbitmqctl's answer; a RuntimeError with what it said when it fails."""
        return self._exec("rabbitmqctl", "--quiet", *args)

    def start(self) -> None:
        self._container.get_wrapped_container().exec_run(["rabbitmq-server"], detach=True)
        until(self._listens, what=f"RabbitMQ {self.version} on {self.host}", seconds=90)

    def stop(self) -> None:
        """An orderly end of the whole node."""
        self.ctl("shutdown")

    def kill(self) -> None:
        """SIGKILL, as the OOM killer or a power cut would."""
        self._exec("pkill", "-KILL", "beam.smp")
        until(lambda: not self._listens(), what="the broker's death")

    def restart(self) -> None:
        self.stop()
        self.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The broker's processes are frozen: connections stay open and nothing answers."""
        container = self._container.get_wrapped_container()
        container.pause()
        try:
            yield
        finally:
            container.unpause()

    def reset(self) -> None:
        """An empty node: no queue, user, vhost or policy of an earlier test; `guest` is there again."""
        self.ctl("stop_app")
        self.ctl("reset")
        self.ctl("start_app")
        until(self._listens, what="the broker's port")

    def _exec(self, *argv: str) -> str:
        done = self._container.exec(list(argv))
        output = done.output.decode(errors="replace")
        if done.exit_code:
            raise RuntimeError(f"{' '.join(argv)}: exit {done.exit_code}\n{output}")
        return output

    def _listens(self) -> bool:
        try:
            socket.create_connection((self.host, AMQP_PORT), timeout=1).close()
        except OSError:
            return False
        return True
