"""The shared core of clipmill's workers: a message's path from a queue through a handler to its settlement."""

__version__ = "0.1.0"
