"""How long a part may be: the sender's wish within reason, else the operator's setting."""

from fractions import Fraction

import pytest

from clipmill import settings
from clipmill.outcome import ToolError
from clipmill_cutter.limit import longest_part

SETTINGS = settings.load({"STORE": "/store", "PART_SECONDS": "29.97"})


@pytest.mark.parametrize(("wish", "limit"), [(1, 1), (15.5, Fraction(31, 2)), (3600, 3600), (0.1 + 0.9, 1)])
def test_a_wish_is_granted(wish: float, limit: Fraction) -> None:
    assert longest_part({"partSeconds": wish}, SETTINGS) == limit


def test_without_a_wish_the_setting_holds() -> None:
    assert longest_part({"other": 5}, SETTINGS) == Fraction(2997, 100)


@pytest.mark.parametrize("wish", [0, -1, 0.99, 3601, True, "30", None, [], {}, float("nan"), float("inf")])
def test_another_wish_is_refused_for_good(wish: object) -> None:
    with pytest.raises(ToolError, match="partSeconds must be a number from 1 to 3600") as error:
        longest_part({"partSeconds": wish}, SETTINGS)
    assert error.value.permanent
    assert error.value.cause == "malformed"
