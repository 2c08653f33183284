"""The settings: defaults that need none, every mistake at once, nothing secret handed on."""

from pathlib import Path

import pytest

from clipmill import settings
from clipmill.settings import BadSettings


def test_without_any_setting_the_defaults_of_the_package_hold() -> None:
    """What a fresh installation runs with."""
    given = settings.load({})
    assert str(given.broker) == "localhost:5672"
    assert (given.broker.vhost, given.broker.user) == ("clipmill", "clipmill")
    assert given.store == given.state == Path("/var/lib/clipmill")
    assert (given.cut_profile, given.drain_timeout, given.disk_reserve) == ("whatsapp", 90, 512 << 20)
    assert (given.retention, given.parked_retention, given.store_quota) == (30 * 86400, 30 * 86400, None)


def test_every_mistake_is_named_at_once_with_what_to_do() -> None:
    """One start tells all that is wrong."""
    wrong = {
        "BROKER_URL": "http://somewhere",
        "STORE": "relative/path",
        "PART_SECONDS": "thirty",
        "JOB_TIMEOUT": "-5",
        "DISK_RESERVE": "much",
        "LOG_LEVEL": "loud",
        "NOTIFY_WEBHOOK_URL": "ftp://x",
    }
    with pytest.raises(BadSettings) as caught:
        settings.load(wrong)
    assert len(caught.value.mistakes) == len(wrong)
    for key, value in wrong.items():
        assert f"{key}={value}: " in str(caught.value)


def test_the_password_comes_from_the_credential(tmp_path: Path) -> None:
    """LoadCredential= puts it into a file that only the unit reads."""
    (tmp_path / "amqp-password").write_text("s3cret/with+signs\n")
    given = settings.load({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert given.broker.password == "s3cret/with+signs"
    assert "s3cret%2Fwith%2Bsigns" in given.broker.url


def test_nothing_secret_is_shown_or_handed_to_a_child(tmp_path: Path) -> None:
    """Not by repr, and not on the child's socket."""
    (tmp_path / "webhook-secret").write_text("whsec_abc")
    given = settings.load({"BROKER_URL": "amqp://u:geheim@h/v", "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert given.notify_webhook_secret == "whsec_abc"
    for text in (repr(given), settings.dump(given).decode()):
        assert "geheim" not in text
        assert "whsec_abc" not in text


def test_a_child_reads_the_same_settings() -> None:
    """dump and parse are each other's inverse, but for what is secret."""
    given = settings.load({"BROKER_URL": "amqp://u@h/v", "PART_SECONDS": "29.5", "DOWNLOAD_DENY_NETWORKS": "private"})
    told = settings.parse(settings.dump(given))
    assert told.store == given.store
    assert told.part_seconds == 29.5
    assert told.download_deny_networks == ("private",)


@pytest.mark.parametrize(
    ("text", "size"), [("512M", 512 << 20), ("1G", 1 << 30), ("1048576", 1 << 20), ("2k", 2048), ("3 GiB", 3 << 30)]
)
def test_sizes_are_written_as_systemd_writes_them(text: str, size: int) -> None:
    """Powers of 1024."""
    assert settings.parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "seconds"), [("30d", 2_592_000), ("12h", 43_200), ("90min", 5400), ("2 w", 1_209_600), ("1s", 1)]
)
def test_time_spans_are_written_as_systemd_writes_them(text: str, seconds: int) -> None:
    """And `never` is a time that nobody lives to see."""
    assert settings.parse_span(text) == seconds
    assert settings.load({"RETENTION": "never"}).retention == settings.NEVER


@pytest.mark.parametrize("text", ["0d", "30", "d", "-1d", "1m", "for ever"])
def test_a_time_span_without_a_clear_meaning_is_refused(text: str) -> None:
    """Neither 0, which might mean never as well as at once, nor m, which might be minutes or months."""
    with pytest.raises(BadSettings, match=r"RETENTION=.*write a number with min, h, d or w, or never"):
        settings.load({"RETENTION": text})


def test_an_environment_file_is_read_and_never_executed(tmp_path: Path) -> None:
    """KEY=VALUE, comments, one pair of quotes, CRLF; a shell command is only text."""
    file = tmp_path / "clipmill.env"
    file.write_bytes(b'# comment\r\nDOWNLOAD_WORKERS=2\r\n; other\nX="a b"\nY=$(touch /tmp/oops)\nnonsense\n')
    assert settings.read_env_file(file) == {"DOWNLOAD_WORKERS": "2", "X": "a b", "Y": "$(touch /tmp/oops)"}
    assert settings.read_env_file(tmp_path / "missing") == {}


def test_a_mistake_in_a_url_does_not_tell_its_password() -> None:
    with pytest.raises(BadSettings) as refused:
        settings.load({"BROKER_URL": "http://clipmill:hush/@hush@rabbit.example.org/clips"})
    assert "hush" not in str(refused.value)
    assert "rabbit.example.org" in str(refused.value)


def test_a_credential_that_systemd_could_not_find_is_told_with_what_to_do(tmp_path: Path) -> None:
    """The units put the word `missing` in its place; an empty file is no password either."""
    for content in ("missing", "", "\n"):
        (tmp_path / "amqp-password").write_text(content)
        with pytest.raises(BadSettings, match="dpkg-reconfigure clipmill"):
            settings.load({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (
        settings.load({"CREDENTIALS_DIRECTORY": str(tmp_path), "BROKER_URL": "amqp://me:pw@host/v"}).broker.password
        == "pw"
    )
