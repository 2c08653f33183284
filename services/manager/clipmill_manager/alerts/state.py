"""The states of an alert: how a rule and a reading lead from one to the next, and what is told of it. Pure."""

from __future__ import annotations

import msgspec

from clipmill_manager.alerts.measures import Reading
from clipmill_manager.alerts.rule import Rule


class AlertState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule that is broken by a subject. Times are milliseconds since the epoch."""

    rule: str
    subject: str
    severity: str
    value: float
    pending_since: int
    """Since when the measure is above."""
    firing_since: int | None = None
    """None while it must hold longer."""
    told_at: int | None = None
    """When it was last told; None: not yet, or silenced."""

    @property
    def is_firing(self) -> bool:
        """Whether it is an alert already."""
        return self.firing_since is not None


def after(state: AlertState | None, rule: Rule, reading: Reading | None, now: int) -> AlertState | None:
    """The state after a reading; None when all is well. What is measured no more (a worker that left) is over."""
    if reading is None:
        return None
    firing = state is not None and state.is_firing
    if reading.sample < rule.least:
        return state if firing else None
    if reading.value <= (rule.recover if firing else rule.above):
        return None
    begun = state or AlertState(
        rule=rule.name, subject=reading.subject, severity=rule.severity, value=reading.value, pending_since=now
    )
    return msgspec.structs.replace(
        begun,
        value=reading.value,
        severity=rule.severity,
        firing_since=now if not firing and now - begun.pending_since >= rule.hold else begun.firing_since,
    )


def is_due(state: AlertState, rule: Rule, now: int) -> bool:
    """Whether it is to be told now: when it fires, and again after each interval."""
    if not state.is_firing:
        return False
    return state.told_at is None or (rule.remind > 0 and now - state.told_at >= rule.remind)
