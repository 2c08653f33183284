"""The book of alerts: which fire, which are silenced, and what is still to be told; kept over restarts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from clipmill.events import Alert, AlertPayload
from clipmill_manager.alerts.measures import MEASURES, Reading, Snapshot
from clipmill_manager.alerts.rule import Rule
from clipmill_manager.alerts.state import AlertState, after, is_due

_MOST_ALERTS = 1_000
_MOST_UNSENT = 1_000
_EARLY_MS = 300_000
"""A manager that has just started has not heard of everybody yet: what it does not see is not over for that."""


class Silence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Nothing is told of a rule until its end."""

    rule: str
    subject: str | None = None
    """None: whatever it is about."""
    until: int
    who: str

    def covers(self, state: AlertState, now: int) -> bool:
        """Whether the alert is silenced."""
        return now < self.until and self.rule == state.rule and self.subject in (None, state.subject)


class _Page(msgspec.Struct, kw_only=True):
    states: list[AlertState] = []
    silences: list[Silence] = []
    unsent: list[Alert] = []


class AlertBook:
    """Rules, what they say of the fleet, and what is to be told of that."""

    def __init__(self, rules: Sequence[Rule], *, worker_id: str, kept: bytes | None = None) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self._worker_id = worker_id
        page = msgspec.json.decode(kept, type=_Page) if kept else _Page()
        self._states = {(state.rule, state.subject): state for state in page.states if state.rule in self.rules}
        self.silences = page.silences
        self.unsent = page.unsent
        """What was decided to be told, and has not reached the broker yet."""

    def look(self, seen: Snapshot) -> list[Alert]:
        """Take what is seen; what is to be told of it, which is in `unsent` too."""
        self.silences = [silence for silence in self.silences if seen.now < silence.until]
        news = [alert for rule in self.rules.values() for alert in self._judge(rule, seen)]
        self.unsent = (self.unsent + news)[-_MOST_UNSENT:]
        return news

    def alerts(self) -> list[AlertState]:
        """Those that fire or are about to, the gravest and oldest first."""
        order = {"high": 0, "medium": 1, "low": 2}
        return sorted(
            self._states.values(), key=lambda one: (not one.is_firing, order[one.severity], one.pending_since)
        )

    def silence(self, silence: Silence) -> None:
        """Tell nothing of it until its end; in place of an earlier silence of the same."""
        self.silences = [one for one in self.silences if (one.rule, one.subject) != (silence.rule, silence.subject)]
        self.silences.append(silence)

    def sent(self, alerts: Sequence[Alert]) -> None:
        """They have reached the broker."""
        gone = {alert.id for alert in alerts}
        self.unsent = [alert for alert in self.unsent if alert.id not in gone]

    def kept(self) -> bytes:
        """Everything that must be found again after a restart."""
        page = _Page(states=list(self._states.values()), silences=self.silences, unsent=self.unsent)
        return msgspec.json.encode(page)

    def text_of(self, state: AlertState) -> str:
        """The alert in words."""
        return MEASURES[self.rules[state.rule].measure].text.format(value=state.value)

    def is_silenced(self, state: AlertState, now: int) -> bool:
        """Whether nothing is told of it."""
        return any(silence.covers(state, now) for silence in self.silences)

    def _judge(self, rule: Rule, seen: Snapshot) -> Iterator[Alert]:
        readings = {reading.subject: reading for reading in MEASURES[rule.measure].read(seen)}
        is_early = seen.now - seen.since < _EARLY_MS
        known = [subject for name, subject in self._states if name == rule.name]
        for subject in dict.fromkeys((*known, *readings)):
            yield from self._move(rule, subject, readings.get(subject), seen.now, is_early=is_early)

    def _move(self, rule: Rule, subject: str, reading: Reading | None, now: int, *, is_early: bool) -> Iterator[Alert]:
        before = self._states.pop((rule.name, subject), None)
        state = before if reading is None and is_early else after(before, rule, reading, now)
        if state is None:
            # who was told that it fires is told that it is over
            if before and before.told_at is not None and not self.is_silenced(before, now):
                value = reading.value if reading else 0.0
                yield self._alert(msgspec.structs.replace(before, value=value), "recovered", now)
            return
        if is_due(state, rule, now) and not self.is_silenced(state, now):
            yield self._alert(state, "firing" if state.told_at is None else "reminder", now)
            state = msgspec.structs.replace(state, told_at=now)
        if len(self._states) < _MOST_ALERTS:
            self._states[rule.name, subject] = state

    def _alert(self, state: AlertState, news: str, now: int) -> Alert:
        began = state.firing_since or now
        return Alert(
            id=f"{state.rule}/{state.subject}/{began}/{news}" + (f"/{now}" if news == "reminder" else ""),
            worker_id=self._worker_id,
            timestamp=now,
            payload=AlertPayload(
                rule=state.rule,
                subject=state.subject,
                severity=state.severity,
                news=news,
                value=state.value,
                firing_since=began,
                text=self.text_of(state),
            ),
        )
