"""Amounts as people read them."""

import pytest

from clipmill import messages
from clipmill_cli import amounts


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (4_200_000, "4.2 MB"),
        (999_960, "1.0 MB"),
        (8.8e12, "8.8 TB"),
    ],
)
def test_sizes(count: float, text: str) -> None:
    assert amounts.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (12.4, "12 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (7800, "2 h 10 min"),
        (86400, "1 d"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert amounts.duration(seconds) == text


def test_how_long_ago_a_moment_was() -> None:
    assert amounts.ago(messages.now() - 185_000) == "3 min 5 s ago"
    assert amounts.ago(messages.now() + 5_000) == "0.0 s ago"
    assert amounts.ago(None) == ""
