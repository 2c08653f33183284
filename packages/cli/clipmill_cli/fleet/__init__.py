"""This machine's fleet: what its settings ask for, what systemd runs, and how the one becomes the other."""
