"""The way to the broker for a person's command: a session, or a sentence that says what to do."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clipmill.broker import RabbitBroker
from clipmill.session import BrokerRefused, BrokerUnreachable, Session
from clipmill.settings import CREDENTIALS
from clipmill_cli.trouble import Status, Trouble


@asynccontextmanager
async def session(broker: RabbitBroker) -> AsyncIterator[Session]:
    """A session that is closed with the block. Raises Trouble where there is no way in."""
    opened = await enter(broker)
    try:
        yield opened
    finally:
        await opened.close()


async def enter(broker: RabbitBroker) -> Session:
    """A session. Raises Trouble."""
    try:
        return await broker.open()
    except BrokerUnreachable as error:
        advice = "start it (sudo systemctl start rabbitmq-server), or set BROKER_URL"
        raise Trouble(f"broker {broker.name}: {error}; {advice}", Status.UNAVAILABLE) from None
    except BrokerRefused as error:
        raise Trouble(f"broker {broker.name}: {error}; {_advice()}", Status.UNAVAILABLE) from None


def _advice() -> str:
    if CREDENTIALS.is_dir() and not os.access(CREDENTIALS, os.X_OK):
        return "add yourself to group clipmill: sudo adduser $USER clipmill, then log in again"
    return "see to BROKER_URL, or make the broker ready: sudo clipmill setup broker"
