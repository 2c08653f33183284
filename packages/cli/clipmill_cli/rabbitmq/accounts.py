"""The fleet as this machine's settings and credentials describe it: vhost, users and their passwords, time limits."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Mapping
from pathlib import Path

from clipmill import settings, topology
from clipmill.pipeline import SERVICES
from clipmill.settings import Settings
from clipmill_cli.rabbitmq.wanted import Account, Fleet, fleet_account, submit_account
from clipmill_cli.trouble import Status, Trouble

FLEET_PASSWORD = "amqp-password"
SUBMIT_PASSWORD = "amqp-submit-password"


def read_settings(env_file: Path, credentials: Path, *, service: str = "") -> Settings:
    """What the services are told: clipmill.env and the credentials, whatever this shell's environment says."""
    fields = {**settings.read_env_file(env_file), "CREDENTIALS_DIRECTORY": _readable(credentials)}
    return settings.load(fields, service=service)


def read_fleet(env_file: Path, credentials: Path) -> Fleet:
    """The fleet that a broker is made ready for. Raises Trouble when a password is missing, BadSettings."""
    given = read_settings(env_file, credentials)
    services = {name: read_settings(env_file, credentials, service=name) for name in SERVICES}
    return Fleet(
        vhost=given.broker.vhost,
        accounts=_accounts(given, settings.read_env_file(env_file), credentials),
        topology=topology.fleet_topology(SERVICES),
        job_timeouts={topology.work_queue(name): own.job_timeout for name, own in services.items()},
    )


def _accounts(given: Settings, fields: Mapping[str, str], credentials: Path) -> tuple[Account, ...]:
    of_url = urllib.parse.urlsplit(fields.get("BROKER_URL", "")).password
    paths = [credentials / SUBMIT_PASSWORD] + ([] if of_url else [credentials / FLEET_PASSWORD])
    if missing := [str(path) for path in paths if not _password(path)]:
        advice = "run this as root where clipmill is installed, or write a long random word into each"
        raise Trouble(f"no password can be read from {' and '.join(missing)}: {advice}", Status.BAD_SETTINGS)
    return (
        fleet_account(given.broker.user, given.broker.password),
        submit_account(_password(credentials / SUBMIT_PASSWORD)),
    )


def _password(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _readable(credentials: Path) -> str:
    return str(credentials) if os.access(credentials / FLEET_PASSWORD, os.R_OK) else ""
