"""The networks that an operator denies to downloads, and whether an address lies in one. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

WORDS = {
    # where clouds keep their metadata and its credentials
    "link-local": ("169.254.0.0/16", "fe80::/10"),
    "multicast": ("224.0.0.0/4", "255.255.255.255/32", "ff00::/8"),
    # on Linux a connection to the unspecified address ends on this machine too
    "loopback": ("127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"),
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"),
}

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Denied(NamedTuple):
    """A denied network, and the word of the setting that denies it."""

    word: str
    network: Network


def read(words: Iterable[str]) -> tuple[Denied, ...]:
    """The networks that `words` (of WORDS, or CIDR) name. Raises ValueError."""
    return tuple(Denied(word, network) for word in words for network in _networks(word))


def denial(address: str, denied: Iterable[Denied]) -> str | None:
    """The word that denies the numeric `address`, or None. Raises ValueError when it is no numeric address."""
    ips = _meant(ipaddress.ip_address(address))
    return next((word for word, network in denied if any(ip in network for ip in ips)), None)


def _networks(word: str) -> list[Network]:
    if word in WORDS:
        return [ipaddress.ip_network(text) for text in WORDS[word]]
    try:
        return [ipaddress.ip_network(word)]
    except ValueError as error:
        raise ValueError(f"{error}; write a network such as 10.0.0.0/8, or one of: {', '.join(WORDS)}") from None


def _meant(ip: Address) -> list[Address]:
    """The address itself and the IPv4 address that is wrapped in it: the kernel or a gateway goes there in the end."""
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    wrapped = [ip.ipv4_mapped, ip.sixtofour, ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None]
    return [ip, *(inner for inner in wrapped if inner is not None)]
