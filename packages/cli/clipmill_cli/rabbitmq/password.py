"""Password hashes as RabbitMQ keeps them: base64(salt + digest(salt + password)), with four bytes of salt."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets

from clipmill_cli.rabbitmq.snapshot import Item

_PREFIX = "rabbit_password_hashing_"
_SALT_BYTES = 4


def hashed(password: str, known: Item) -> Item:
    """The fields of a user with this password: those that are `known` when they are right, so that nothing changes."""
    if verify(password, known):
        return {name: known[name] for name in ("password_hash", "hashing_algorithm")}
    salt = secrets.token_bytes(_SALT_BYTES)
    return {"password_hash": _hash(password, salt, "sha256"), "hashing_algorithm": f"{_PREFIX}sha256"}


def verify(password: str, known: Item) -> bool:
    """Whether a user's fields are those of this password."""
    digest = str(known.get("hashing_algorithm", "")).removeprefix(_PREFIX)
    if digest not in ("sha256", "sha512"):
        return False
    try:
        salt = base64.b64decode(known["password_hash"], validate=True)[:_SALT_BYTES]
    except binascii.Error:
        return False
    return secrets.compare_digest(_hash(password, salt, digest), known["password_hash"])


def _hash(password: str, salt: bytes, digest: str) -> str:
    return base64.b64encode(salt + hashlib.new(digest, salt + password.encode()).digest()).decode()
