"""The ways on which a notice reaches its receiver. A new one is a module with `channel(settings)`, and a line here."""

from __future__ import annotations

from collections.abc import Callable

from clipmill.settings import BadSettings, Settings
from clipmill_notifier.channel import Channel
from clipmill_notifier.channels import journal, reply_queue

Maker = Callable[[Settings], Channel]


def open_channels(settings: Settings) -> list[Channel]:
    """The channels that the settings ask for. Raises BadSettings with every mistake at once."""
    channels: list[Channel] = []
    mistakes: list[str] = []
    for make in _makers(settings):
        try:
            channels.append(make(settings))
        except BadSettings as error:
            mistakes.extend(error.mistakes)
    if mistakes:
        raise BadSettings(mistakes)
    return channels


def _makers(settings: Settings) -> list[Maker]:
    makers: list[Maker] = [journal.channel, reply_queue.channel]
    if settings.notify_webhook_url:
        # imported when it is set, not before: HTTP and hashes are a megabyte of an idle notifier
        from clipmill_notifier.channels import webhook

        makers.append(webhook.channel)
    return makers
