"""The built package in a Debian with systemd as its first process."""
