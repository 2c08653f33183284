"""What parts are made for: the sender's wish within reason, else the operator's setting, else the profile's."""

from fractions import Fraction

import pytest

from clipmill import settings
from clipmill.outcome import ToolError
from clipmill_cutter.limit import Limit
from clipmill_cutter.mode import Mode
from clipmill_cutter.profile import PROFILES, wanted

PLAIN = settings.load({"STORE": "/store"})
SET = settings.load({"STORE": "/store", "PART_SECONDS": "29.97", "CUT_PROFILE": "telegram", "CUT_MODE": "exact"})


def test_the_fleet_makes_parts_for_whatsapp() -> None:
    assert wanted({}, PLAIN) == PROFILES["whatsapp"]
    assert PROFILES["whatsapp"].limit.seconds == 30


def test_the_settings_change_what_the_profile_says() -> None:
    profile = wanted({}, SET)
    assert (profile.name, profile.limit.seconds, profile.mode) == ("telegram", Fraction(2997, 100), Mode.EXACT)
    assert profile.limit.bytes == PROFILES["telegram"].limit.bytes


def test_the_sender_changes_what_the_settings_say() -> None:
    wishes = {"profile": "archive", "cut": "fewest", "partSeconds": 12, "partBytes": 10**6, "height": 480}
    profile = wanted(wishes, SET)
    assert (profile.mode, profile.limit) == (Mode.FEWEST, Limit(seconds=Fraction(12), bytes=10**6))
    assert (profile.phone, profile.height) == (False, 480)


@pytest.mark.parametrize(("codec", "phone"), [("copy", False), ("h264", True)])
def test_a_codec_may_be_chosen_apart(codec: str, phone: bool) -> None:
    assert wanted({"codec": codec}, PLAIN).phone is phone


@pytest.mark.parametrize(("wish", "limit"), [(1, 1), (15.5, Fraction(31, 2)), (3600, 3600), (0.1 + 0.9, 1)])
def test_a_wish_is_granted(wish: float, limit: Fraction) -> None:
    assert wanted({"partSeconds": wish}, SET).limit.seconds == limit


@pytest.mark.parametrize("wish", [0, -1, 0.99, 86401, True, "30", None, [], {}, float("nan"), float("inf")])
def test_another_wish_is_refused_for_good(wish: object) -> None:
    with pytest.raises(ToolError, match="partSeconds must be a number from 1 to 86400") as error:
        wanted({"partSeconds": wish}, SET)
    assert error.value.permanent
    assert error.value.cause == "malformed"


@pytest.mark.parametrize(("key", "wish"), [("profile", "fax"), ("profile", 1), ("cut", "badly"), ("codec", "vp9")])
def test_a_word_that_is_none_is_refused_with_those_that_are(key: str, wish: object) -> None:
    with pytest.raises(ToolError, match=f"{key} must be .* or .*|{key} must be one of") as error:
        wanted({key: wish}, PLAIN)
    assert error.value.permanent


def test_the_settings_know_the_same_profiles_and_modes() -> None:
    for name in PROFILES:
        assert wanted({}, settings.load({"STORE": "/store", "CUT_PROFILE": name})).name == name
    for mode in Mode:
        assert wanted({}, settings.load({"STORE": "/store", "CUT_MODE": mode.value})).mode is mode
