"""Who may look: the password, sessions that end, guesses that are stopped; and where a login leads."""

import pytest

from clipmill_manager.web.guard import safe_path
from clipmill_manager.web.login import SESSION_SECONDS, Login, TooManyTries


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(clock: Clock) -> Login:
    return Login("secret", clock=clock)


def test_the_password_opens_a_session_that_ends(login: Login, clock: Clock) -> None:
    session = login.enter("secret")
    assert session and login.is_in(session)
    clock.now += SESSION_SECONDS
    assert not login.is_in(session)


def test_who_leaves_is_out_and_others_stay_in(login: Login) -> None:
    mine, other = login.enter("secret"), login.enter("secret")
    assert mine and other and mine != other
    login.leave(mine)
    assert (login.is_in(mine), login.is_in(other)) == (False, True)


@pytest.mark.parametrize("password", ["", "Secret", "secret ", "\udcff", "x" * 100_000])
def test_nothing_else_opens_one(login: Login, password: str) -> None:
    assert login.enter(password) is None
    assert not login.is_in(password)


def test_guesses_are_stopped_for_a_minute(login: Login, clock: Clock) -> None:
    for _ in range(10):
        assert login.enter("guess") is None
    with pytest.raises(TooManyTries):
        login.enter("secret")
    clock.now += 61
    assert login.enter("secret")


@pytest.mark.parametrize(
    ("given", "leads_to"),
    [
        ("/jobs/a?x=1", "/jobs/a?x=1"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
    ],
)
def test_a_login_leads_to_a_page_of_ours(given: str, leads_to: str) -> None:
    assert safe_path(given) == leads_to
