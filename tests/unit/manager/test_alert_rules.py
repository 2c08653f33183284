"""The file of rules: what clipmill comes with, and every mistake of an operator's told at once."""

from pathlib import Path

import pytest

from clipmill.settings import BadSettings
from clipmill_manager.alerts import rule
from clipmill_manager.alerts.measures import MEASURES


def test_the_references_conditions_are_the_defaults() -> None:
    rules = {one.name: one for one in rule.load(Path("/nowhere"))}
    crash, memory, delay = (rules[name] for name in ("worker-crash-rate", "memory-usage", "processing-delay"))
    assert (crash.measure, crash.above, crash.severity) == ("crash-share", 0.1, "high")
    assert (memory.measure, memory.above, memory.severity) == ("memory-share", 0.8, "medium")
    assert (delay.measure, delay.above, delay.severity) == ("queue-delay", 300, "low")


def test_every_measure_has_a_rule() -> None:
    assert {one.measure for one in rule.load(Path("/nowhere"))} == set(MEASURES)


def test_a_file_of_the_machine_takes_their_place(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text('[[rule]]\nname="full"\nmeasure="disk-share"\nabove=0.5\nfor="2m"\nseverity="low"\nremind="1h"')
    (one,) = rule.load(file)
    assert (one.hold, one.recover, one.remind, one.least) == (120_000, 0.5, 3_600_000, 1)


def test_all_mistakes_are_told_at_once() -> None:
    text = """
    colour = "red"
    [[rule]]
    name = "one"
    measure = "mood"
    above = 1
    severity = "high"
    [[rule]]
    name = "two"
    measure = "disk-share"
    above = 0.5
    recover = 0.9
    severity = "high"
    [[rule]]
    name = "three"
    measure = "disk-share"
    above = "much"
    severity = "high"
    [[rule]]
    name = "four"
    measure = "disk-share"
    above = 0.5
    severity = "catastrophic"
    [[rule]]
    name = "five"
    measure = "disk-share"
    above = 0.5
    severity = "low"
    for = "a while"
    [[rule]]
    measure = "disk-share"
    holds = 3
    """
    with pytest.raises(BadSettings) as refused:
        rule.read(text, "alerts.toml")
    expected = (
        "colour: no such thing",
        "rule 1 (one): no measure 'mood'; there are: crash-share",
        "rule 2 (two): recover must not lie above",
        "rule 3 (three): Expected `float`, got `str`",
        "rule 4 (four): severity must be one of high, medium, low",
        "rule 5 (five): 'a while' is no length of time",
        "rule 6 (without a name): ",
    )
    assert len(refused.value.mistakes) == len(expected)
    for mistake, says in zip(refused.value.mistakes, expected, strict=True):
        assert says in mistake


@pytest.mark.parametrize("text", ["[[rule", "rule = 3", "[rule]\nname='x'", '[[rule]]\nname="A B"'])
def test_what_is_no_file_of_rules_is_refused(text: str) -> None:
    with pytest.raises(BadSettings):
        rule.read(text, "alerts.toml")
