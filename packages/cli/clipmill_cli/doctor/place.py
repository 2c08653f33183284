"""Where the doctor looks, and who asks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from clipmill import settings
from clipmill.settings import Settings

GROUP = "clipmill"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A machine, which may or may not be part of a fleet."""

    env_file: Path = settings.ENV_FILE
    credentials: Path = settings.CREDENTIALS
    systemd: Path = Path("/run/systemd/system")
    """There while systemd is the first process (sd_booted(3))."""

    @property
    def is_installed(self) -> bool:
        """Whether clipmill is installed as a service; on a laptop `clipmill run` works without."""
        return self.env_file.exists() or self.credentials.is_dir()

    @property
    def has_systemd(self) -> bool:
        """Whether systemd runs here."""
        return self.systemd.is_dir()


def by_root() -> bool:
    """Whether root asks, who sees everything."""
    return os.geteuid() == 0


def settings_in_force() -> Settings:
    """As the one who asks would use them. Raises BadSettings, OSError."""
    return settings.load_for_operator() if by_root() else settings.load_for_person()
