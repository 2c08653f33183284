"""Alerts as they are shown, and a silence as it is asked for. Pure."""

from __future__ import annotations

import msgspec

from clipmill_manager.alerts.book import AlertBook, Silence
from clipmill_manager.alerts.measures import MEASURES
from clipmill_manager.alerts.rule import Rule
from clipmill_manager.query import BadQuery

_LONGEST_MS = 30 * 86_400_000
_LONGEST_NAME = 200


class AlertView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert. Times are milliseconds since the epoch."""

    rule: str
    subject: str
    severity: str
    state: str
    """`firing`, or `pending` while it must hold longer."""
    value: float
    text: str
    since: int
    silenced: bool


class RuleView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule with the unit of its measure."""

    rule: Rule
    unit: str


class AlertsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is wrong, what would be, and what nobody wants to hear of."""

    alerts: list[AlertView]
    silences: list[Silence]
    rules: list[RuleView]
    unsent: int
    """How many are still to be handed over to the notifier."""


class _Asked(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    rule: str
    subject: str | None = None
    milliseconds: int
    who: str


def alerts_view(book: AlertBook, now: int) -> AlertsView:
    """All of it, now."""
    alerts = [
        AlertView(
            rule=state.rule,
            subject=state.subject,
            severity=state.severity,
            state="firing" if state.is_firing else "pending",
            value=state.value,
            text=book.text_of(state),
            since=state.firing_since or state.pending_since,
            silenced=book.is_silenced(state, now),
        )
        for state in book.alerts()
    ]
    rules = [RuleView(rule=rule, unit=MEASURES[rule.measure].unit) for rule in book.rules.values()]
    silences = [silence for silence in book.silences if now < silence.until]
    return AlertsView(alerts=alerts, silences=silences, rules=rules, unsent=len(book.unsent))


def read_silence(body: bytes, shown: AlertsView, now: int) -> Silence:
    """The silence that is asked for. Raises BadQuery."""
    try:
        asked = msgspec.json.decode(body, type=_Asked)
    except msgspec.MsgspecError as error:
        raise BadQuery(f"no silence: {error}") from None
    names = [one.rule.name for one in shown.rules]
    if asked.rule not in names:
        raise BadQuery(f"no such rule; there are: {', '.join(names)}")
    if not 0 <= asked.milliseconds <= _LONGEST_MS:
        raise BadQuery("a silence ends within 30 days; 0 ends it now")
    who, subject = asked.who[:_LONGEST_NAME], asked.subject
    if not who.isprintable() or (subject is not None and not 0 < len(subject) <= _LONGEST_NAME):
        raise BadQuery("who and subject must be names")
    return Silence(rule=asked.rule, subject=subject, until=now + asked.milliseconds, who=who or "somebody")
