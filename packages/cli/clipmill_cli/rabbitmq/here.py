"""Whether the fleet's broker runs on this machine."""

from __future__ import annotations

import socket

from clipmill import tools
from clipmill.settings import BrokerAddress
from clipmill_cli.rabbitmq.rabbitmqctl import PROGRAM

_SECONDS = 5


def why_not(address: BrokerAddress) -> str | None:
    """What speaks against a broker of this machine at `address`, or None. Costs no Erlang."""
    if not tools.find(PROGRAM):
        return f"{PROGRAM} is not installed"
    if not is_ours(address.host):
        return f"BROKER_URL names {address.host}, which is another machine"
    if not listens(address):
        return f"nothing listens on {address}"
    return None


def is_ours(host: str) -> bool:
    """Whether a host name or address is this machine's: only to an address of its own can a socket be bound."""
    try:
        places = socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)
    except OSError:
        return False
    return any(_can_bind(family, place) for family, _, _, _, place in places)


def listens(address: BrokerAddress) -> bool:
    """Whether something accepts connections there."""
    try:
        socket.create_connection((address.host, address.port), timeout=_SECONDS).close()
    except OSError:
        return False
    return True


def _can_bind(family: int, place: object) -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(place)  # type: ignore[arg-type]  # whatever getaddrinfo gave for this family
        except OSError:
            return False
    return True
