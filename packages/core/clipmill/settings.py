"""The settings: read once from the environment and clipmill.env, checked as a whole, frozen, handed down."""

from __future__ import annotations

import os
import re
import socket
import sys
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from clipmill import networks

BAD_SETTINGS = 78
"""Exit status for settings that no restart mends: EX_CONFIG of sysexits.h, RestartPreventExitStatus= of the units."""

DAY = 24 * 3600
NEVER = 36500 * DAY
"""Seconds until what is kept for ever goes."""

ENV_FILE = Path("/etc/clipmill/clipmill.env")
CREDENTIALS = Path("/etc/clipmill/credentials")
EDITIONS = Path("/var/lib/clipmill-ytdlp")
"""Where ytdlp-update.service installs newer editions of yt-dlp; `current` is the one in use."""

_NO_SECRET = "missing"
"""What the units put in the place of a credential whose file is not there (SetCredential=)."""

_MAKE_CREDENTIALS = "`sudo dpkg-reconfigure clipmill` makes it anew (or copy the one of the fleet's other machines)"
_MOST_DAYS = 36_500

T = TypeVar("T")


class BadSettings(Exception):
    """Every mistake that keeps a service from starting, each with what to do."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"  {mistake}" for mistake in self.mistakes))


@dataclass(frozen=True, kw_only=True)
class BrokerAddress:
    """Where the broker is and who we are there."""

    host: str
    port: int
    vhost: str
    user: str
    password: str = field(repr=False)  # never in a log line
    tls: bool = False

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address as an AMQP URL, password included."""
        scheme = "amqps" if self.tls else "amqp"
        user, password, vhost = (urllib.parse.quote(text, safe="") for text in (self.user, self.password, self.vhost))
        return f"{scheme}://{user}:{password}@{self.host}:{self.port}/{vhost}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator may set, with the defaults that need no setting."""

    broker: BrokerAddress
    store: Path
    """Directory that holds inbox, workspaces and artifacts."""
    state: Path
    """Directory of this service alone, for what it must find again after a restart."""
    runtime: Path
    """Directory of this service alone, for sockets; it goes when the service ends."""
    part_seconds: float | None = None
    """Longest part, in seconds; None for what the profile says."""
    part_bytes: int | None = None
    """Largest part, in bytes; None for what the profile says."""
    cut_profile: str = "whatsapp"
    """What parts are made for: a profile of the cutter."""
    cut_mode: str | None = None
    """auto, lossless, fewest or exact; None for what the profile says."""
    cut_codec: str | None = None
    """h264, or copy to leave all as it is; None for what the profile says."""
    cut_height: int | None = None
    """The most lines of a picture that is encoded; None for what the profile says."""
    job_timeout: float = 7200.0
    """Longest attempt of one step, in seconds."""
    stall_timeout: float = 600.0
    """Longest time without progress within an attempt, in seconds."""
    child_memory: int = 400 << 20
    """Resident bytes above which a child is replaced between two steps."""
    drain_timeout: float = 90.0
    """Seconds that a worker told to stop may still work on the step at hand."""
    disk_reserve: int = 512 << 20
    """Bytes that are kept free on the store's file system."""
    retention: int = 30 * DAY
    """Seconds that the files of a job are kept after its end."""
    parked_retention: int = 30 * DAY
    """Seconds that they are kept at least when a step of it was parked: it is tried again with them."""
    store_quota: int | None = None
    """Bytes of artifacts beyond which the oldest jobs go before their time."""
    log_level: str = "INFO"
    download_deny_networks: tuple[str, ...] = ("link-local", "multicast")
    """Networks that no download may reach: CIDR, or one of the words of `clipmill.networks`."""
    notify_webhook_url: str | None = None
    notify_webhook_secret: str | None = field(default=None, repr=False)
    notify_reply_queue: str | None = None
    history_url: str | None = field(default=None, repr=False)
    """Database of the manager's history, such as postgresql://USER@HOST/NAME; None: a file in `state`."""
    history_password: str | None = field(default=None, repr=False)
    history_days: float = 30.0
    """Days after its last event at which the history lets go of a job."""
    ytdlp_update: bool = True
    """Whether a newer yt-dlp than the package's is looked for, and used."""
    ytdlp_editions: Path = EDITIONS
    web_address: str = "127.0.0.1:8640"
    """HOST:PORT at which the manager's page answers."""
    web_password: str | None = field(default=None, repr=False)
    """What opens the page; without it there is none."""
    host: str = field(default_factory=socket.gethostname)


def load(environment: Mapping[str, str] | None = None, *, service: str = "") -> Settings:
    """The settings of this process, with those for `service` alone. Raises BadSettings, all mistakes at once."""
    return _Reader(dict(os.environ) if environment is None else environment, service).settings()


def load_for_person() -> Settings:
    """The settings for a person's command: clipmill.env, the environment over it, and the submit-only user."""
    fields = read_env_file(ENV_FILE) | dict(os.environ)
    submit = CREDENTIALS / "amqp-submit-password"
    if "BROKER_URL" not in os.environ and os.access(submit, os.R_OK):
        fields["BROKER_URL"] = _as_user(fields.get("BROKER_URL", _DEFAULT_URL), "clipmill-submit", _read_secret(submit))
    return load(fields)


def load_for_operator() -> Settings:
    """The settings for a command of root: clipmill.env, the environment over it, and the credentials of the fleet."""
    fields = read_env_file(ENV_FILE) | dict(os.environ)
    if os.access(CREDENTIALS / "amqp-password", os.R_OK):
        fields.setdefault("CREDENTIALS_DIRECTORY", str(CREDENTIALS))
    return load(fields)


def read_env_file(path: Path) -> dict[str, str]:
    """The KEY=VALUE lines of a systemd EnvironmentFile (comments, one pair of quotes); {} without a file."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text(errors="replace").splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith(("#", ";")))
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}


def clean_environment() -> dict[str, str]:
    """The few variables that an external program may see."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME") if name in os.environ}


def temporary_folder() -> str:
    """Where this process and its programs put what they need for a moment."""
    return os.environ.get("TMPDIR", "/tmp")  # where there is no such setting


def use_temporary_folder(folder: Path) -> None:
    """Another one, for the programs that are started from now on."""
    os.environ["TMPDIR"] = str(folder)


def child_environment() -> dict[str, str]:
    """What a child may see of the environment: nothing secret, but the modules that this process sees."""
    journal = {name: os.environ[name] for name in ("JOURNAL_STREAM",) if name in os.environ}
    return clean_environment() | journal | {"PYTHONPATH": os.pathsep.join([*_newer(), *filter(None, sys.path)])}


def _newer() -> list[str]:
    """The newer yt-dlp, for the next child: by its own name, since `current` may change while that child lives."""
    current = EDITIONS / "current"
    wanted = os.environ.get("YTDLP_UPDATE", "").strip().lower() != "no"
    return [str(current.resolve())] if wanted and current.exists() else []


_FRESH_STARTS = "CLIPMILL_FRESH_STARTS"


def fresh_starts() -> list[float]:
    """When this process replaced itself by a fresh one, in seconds of CLOCK_BOOTTIME."""
    return [float(word) for word in os.environ.get(_FRESH_STARTS, "").split()]


def environment_of_fresh_process(starts: list[float]) -> dict[str, str]:
    """This process's environment, for the one that takes its place."""
    return dict(os.environ) | {_FRESH_STARTS: " ".join(map(str, starts))}


def stderr_is_journal() -> bool:
    """Whether standard error goes to the journal (systemd.exec(5): JOURNAL_STREAM=device:inode)."""
    status = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def started_by_systemd() -> bool:
    """Whether somebody listens to sd_notify(3)."""
    return "NOTIFY_SOCKET" in os.environ


def watchdog_seconds() -> float:
    """WatchdogSec= of the unit, or 0 without a watchdog."""
    return int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6


def dump(settings: Settings) -> bytes:
    """The settings as JSON, without anything secret: what a child is told."""
    harmless = replace(settings, broker=replace(settings.broker, password=""), notify_webhook_secret=None)
    return msgspec.json.encode(harmless, enc_hook=str)


def parse(data: bytes) -> Settings:
    """The settings that `dump` wrote."""
    return msgspec.json.decode(data, type=Settings, dec_hook=lambda kind, text: kind(text))


_DEFAULT_URL = "amqp://clipmill@localhost:5672/clipmill"
_DEFAULT_STORE = "/var/lib/clipmill"


class _Reader:
    """Reads every setting, keeping the mistakes until the end."""

    def __init__(self, environment: Mapping[str, str], service: str) -> None:
        self.environment = environment
        self.service = service
        self.mistakes: list[str] = []

    def settings(self) -> Settings:
        given = {
            "part_seconds": self.read("PART_SECONDS", _seconds),
            "part_bytes": self.read("PART_BYTES", parse_size),
            "cut_profile": self.read("CUT_PROFILE", _one_of("whatsapp", "telegram", "instagram", "archive")),
            "cut_mode": self.read("CUT_MODE", _one_of("auto", "lossless", "fewest", "exact")),
            "cut_codec": self.read("CUT_CODEC", _one_of("h264", "copy")),
            "cut_height": self.read("CUT_HEIGHT", _lines),
            "job_timeout": self.own("JOB_TIMEOUT", _seconds),
            "stall_timeout": self.own("STALL_TIMEOUT", _seconds),
            "child_memory": self.own("CHILD_MEMORY", parse_size),
            "drain_timeout": self.read("DRAIN_TIMEOUT", _seconds),
            "disk_reserve": self.read("DISK_RESERVE", parse_size),
            "retention": self.read("RETENTION", parse_span),
            "parked_retention": self.read("PARKED_RETENTION", parse_span),
            "store_quota": self.read("STORE_QUOTA", parse_size),
            "log_level": self.read("LOG_LEVEL", _level),
            "download_deny_networks": self.read("DOWNLOAD_DENY_NETWORKS", _networks),
            "notify_webhook_url": self.read("NOTIFY_WEBHOOK_URL", _web_address),
            "notify_webhook_secret": self.secret("webhook-secret"),
            "notify_reply_queue": self.read("NOTIFY_REPLY_QUEUE", str),
            "history_url": self.read("HISTORY_URL", str),
            "history_password": self.secret("history-password"),
            "web_address": self.read("WEB_ADDRESS", _listening_address),
            "web_password": self.secret("web-password"),
            "history_days": self.read("HISTORY_DAYS", _days),
            "ytdlp_update": self.read("YTDLP_UPDATE", _yes_or_no),
        }
        broker = self.read("BROKER_URL", self._broker, _DEFAULT_URL)
        store = self.read("STORE", _absolute, _DEFAULT_STORE)
        state = self.read("STATE_DIRECTORY", _absolute) or store
        runtime = self.read("RUNTIME_DIRECTORY", _absolute) or state
        if self.mistakes:
            raise BadSettings(self.mistakes)
        assert broker and store and state and runtime
        return Settings(broker=broker, store=store, state=state, runtime=runtime, **_set(given))

    def read(self, key: str, convert: Callable[[str], T], default: str = "") -> T | None:
        text = self.environment.get(key, "").strip() or default
        if not text:
            return None
        try:
            return convert(text)
        except ValueError as error:
            self.mistakes.append(f"{key}={_without_password(text)}: {error}")
            return None

    def own(self, key: str, convert: Callable[[str], T]) -> T | None:
        """A setting that each service may have for itself: CUTTER_JOB_TIMEOUT before JOB_TIMEOUT."""
        general = self.read(key, convert)
        own = self.read(f"{self.service.upper()}_{key}", convert) if self.service else None
        return general if own is None else own

    def secret(self, name: str) -> str | None:
        """What LoadCredential= handed over; None when there is nothing. (systemd.exec(5), CREDENTIALS.)"""
        found = self._credential(name)
        return None if found in (None, "", _NO_SECRET) else found

    def _credential(self, name: str) -> str | None:
        directory = self.environment.get("CREDENTIALS_DIRECTORY")
        path = Path(directory) / name if directory else None
        return _read_secret(path) if path and path.exists() else None

    def _password(self) -> str:
        """What systemd handed over, if its file was there. On a laptop nobody does."""
        given = self.secret("amqp-password")
        if not given and self._credential("amqp-password") is not None:
            raise ValueError(f"its password is missing: {CREDENTIALS}/amqp-password; {_MAKE_CREDENTIALS}")
        return given or "guest"

    def _broker(self, text: str) -> BrokerAddress:
        url = urllib.parse.urlsplit(text)
        if url.scheme not in ("amqp", "amqps") or not url.hostname:
            raise ValueError("is no AMQP address; write amqp://USER@HOST:PORT/VHOST")
        return BrokerAddress(
            host=url.hostname,
            port=url.port or (5671 if url.scheme == "amqps" else 5672),
            vhost=urllib.parse.unquote(url.path[1:]) or "/",
            user=urllib.parse.unquote(url.username or "guest"),
            password=urllib.parse.unquote(url.password or "") or self._password(),
            tls=url.scheme == "amqps",
        )


def parse_size(text: str) -> int:
    """Bytes in a size as systemd writes it: 512M, 1G, 1048576. Raises ValueError."""
    match = re.fullmatch(r"(\d+)\s*([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if not match:
        raise ValueError("is no size; write bytes, or a number with K, M, G or T")
    return int(match[1]) << (10 * " KMGT".index(match[2].upper() or " "))


_SPANS = {"s": 1, "min": 60, "h": 3600, "d": DAY, "w": 7 * DAY}


def parse_span(text: str) -> int:
    """Seconds in a time span such as 30d, 12h, 90min, 2w; `never` comes after a hundred years. Raises ValueError."""
    if text == "never":
        return NEVER
    match = re.fullmatch(rf"(\d{{1,6}})\s*({'|'.join(_SPANS)})", text)
    if not match or not int(match[1]):
        raise ValueError("is no time span; write a number with min, h, d or w, or never")
    return min(int(match[1]) * _SPANS[match[2]], NEVER)


def _without_password(text: str) -> str:
    """A URL as it may be told in a log."""
    return re.sub(r"(//[^/@:]*:).*@", r"\1***@", text)


def _set(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _read_secret(path: Path) -> str:
    return path.read_text().strip()


def _as_user(url: str, user: str, password: str) -> str:
    parts = urllib.parse.urlsplit(url)
    place = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
    return parts._replace(netloc=f"{user}:{urllib.parse.quote(password, safe='')}@{place}").geturl()


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("is no number of seconds") from None
    if not 0 < value < 10**9:
        raise ValueError("must be more than 0 seconds")
    return value


def _days(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("is no number of days") from None
    if not 0 < value <= _MOST_DAYS:
        raise ValueError(f"must be more than 0 days, and {_MOST_DAYS} at most")
    return value


def _level(text: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if text.upper() not in levels:
        raise ValueError(f"is no log level; there are: {', '.join(levels).lower()}")
    return text.upper()


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text.lower()

    return read


def _lines(text: str) -> int:
    if not text.isdecimal() or not 64 <= int(text) <= 4320:
        raise ValueError("must be a number of lines from 64 to 4320")
    return int(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise ValueError("must be yes or no")
    return text.lower() == "yes"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", text) if word)


def _networks(text: str) -> tuple[str, ...]:
    words = _words(text)
    networks.read(words)
    return words


def _absolute(text: str) -> Path:
    # systemd gives a list separated by colons when a unit has several state directories; the first is the unit's own
    path = Path(text.split(":")[0])
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _listening_address(text: str) -> str:
    try:
        parts = urllib.parse.urlsplit(f"//{text}")
        complete = bool(parts.hostname and parts.port and parts.netloc == text)
    except ValueError:
        complete = False
    if not complete:
        raise ValueError("is no address to listen at; write HOST:PORT")
    return text


def _web_address(text: str) -> str:
    if urllib.parse.urlsplit(text).scheme not in ("http", "https"):
        raise ValueError("must begin with http:// or https://")
    return text
