"""AMQP 0-9-1 frames, as far as a proxy must understand them: what is published, confirmed and acked. Pure."""

import struct
from dataclasses import dataclass

HEADER = 7  # type, channel, size
PROTOCOL = 8  # "AMQP" and the version, which a client says first
_METHOD = 1
_PUBLISH, _ACK, _NACK = (60, 40), (60, 80), (60, 120)
_ENDS = ("result.", "error.")


@dataclass(frozen=True)
class Publish:
    """A message goes to the broker."""

    channel: int
    exchange: str
    routing_key: str

    @property
    def ends_work(self) -> bool:
        """Whether it tells how a step ended: an event that is no sign of life, or a dead letter."""
        if self.exchange == "results":
            return self.routing_key.startswith(_ENDS)
        return self.routing_key.endswith("_dlq")


@dataclass(frozen=True)
class Ack:
    """From a worker: a delivery is settled. From the broker: a publication is confirmed, or (`nack`) refused."""

    channel: int
    tag: int
    multiple: bool
    nack: bool


def size_of(header: bytes) -> int:
    """Bytes that follow a frame's header: its payload and the end mark."""
    return int(struct.unpack(">I", header[3:7])[0]) + 1


def read(header: bytes, payload: bytes) -> Publish | Ack | None:
    """What the frame says; None for everything that the suite is not interested in."""
    kind, channel = struct.unpack(">BH", header[:3])
    if kind != _METHOD:
        return None
    method = struct.unpack(">HH", payload[:4])
    if method == _PUBLISH:
        exchange, rest = _short_string(payload[6:])
        return Publish(channel, exchange, _short_string(rest)[0])
    if method in (_ACK, _NACK):
        tag, bits = struct.unpack(">QB", payload[4:13])
        return Ack(channel, tag, multiple=bool(bits & 1), nack=method == _NACK)
    return None


def _short_string(data: bytes) -> tuple[str, bytes]:
    end = 1 + data[0]
    return data[1:end].decode(), data[end:]
