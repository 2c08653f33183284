"""Bugs that are planted into a worker's process as it starts, to show that the suite finds them."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

import clipmill.settlement
from clipmill.broker import RabbitSession
from clipmill.session import Delivery, Publication, Session

SOUND = "tests.chaos.handler:handle"


def plant(name: str) -> str:
    """Plant the bug of that name in this process (none: ""); the handler that its child is to run."""
    return PLANTS[name]() if name else SOUND


def _ack_before_publish() -> str:
    """The delivery is settled first."""

    async def settle(session: Session, delivery: Delivery, *follows: Publication, **_: Any) -> None:
        session.ack(delivery)
        await session.publish(*follows)

    sound = clipmill.settlement.settle
    for module in list(sys.modules.values()):
        if getattr(module, "settle", None) is sound:
            setattr(module, "settle", settle)  # noqa: B010  # a module has no such attribute that a checker knows of
    return SOUND


def _publish_without_confirm() -> str:
    """What follows is sent, and nobody waits for the broker's word."""

    async def publish(self: RabbitSession, *publications: Publication) -> None:
        self._check()
        for publication in publications:
            self._send(publication, 2, mandatory=True)

    RabbitSession.publish = publish  # type: ignore[method-assign]
    return SOUND


def _no_manifest_check() -> str:
    """A step that is done is not known as such: neither in the worker nor in its child."""
    return importlib.import_module("tests.chaos.unchecked").__name__ + ":handle"


PLANTS: dict[str, Callable[[], str]] = {
    "ack-before-publish": _ack_before_publish,
    "publish-without-confirm": _publish_without_confirm,
    "no-manifest-check": _no_manifest_check,
}
